//! The attribute `#[probe::instrument]`, in the few tokens of the language that it has to know. So it needs no
//! parser, and a build with probes in compiles none.
//!
//! ```text
//! function  what an item says of itself: name, `async`, what it returns, its body
//! returned  the type behind the arrow: a future, and of what
//! metrics   declarations of numbers, one by one
//! home      what the crate `probe` is called where the attribute stands
//! write     tokens that are put together
//! ```

mod function;
mod home;
mod metrics;
mod returned;
mod write;

use function::{Function, Tail};
use home::Home;
use proc_macro::{Delimiter, Group, Literal, TokenStream, TokenTree};
use returned::Returned;
use write::{braced, is_word, punct, tokens_of};

/// Makes the whole function a scope: `#[probe::instrument]`, or with the forms of `probe::tag!`,
/// `#[probe::instrument(wait, "label", argument)]`. The argument may use the function's parameters.
///
/// An `async fn` is entered at each poll and left at each return from it, and keeps its line
/// between: the position belongs to the future, whichever thread polls it. So it is with a function that
/// returns a future: `-> impl Future`, `-> Pin<Box<dyn Future>>` and `-> BoxFuture`, be they written by hand or by
/// `async-trait`. A future that is called by another name (a type of your own, an alias) is not recognized:
/// the call is the scope then.
///
/// `#[probe::instrument(op)]` makes each call an operation instead, with the forms of `probe::op!`:
/// `#[probe::instrument(op, "request", "GET {path}")]`. Without a kind, it is the function's name. An
/// `async fn`, or a function whose last expression is `async move { … }` or `Box::pin(async move { … })`, is an
/// operation from its first poll to its end, on whichever thread; one that gets its future from elsewhere is one
/// from the call on.
///
/// The crate is found under the name that it has in `Cargo.toml`. Where it is reached through another crate, the
/// attribute is told: `#[mylib::probe::instrument(crate = mylib::probe, wait, "label")]`.
///
/// Not for a `const fn`, which may run in the compiler. Without probes the function is left as it is.
#[proc_macro_attribute]
pub fn instrument(form: TokenStream, item: TokenStream) -> TokenStream {
    let Some(function) = Function::of(item.clone()) else {
        return write::error("`probe::instrument` goes on a function with a body").chain_with(item);
    };
    if let Some(word) = &function.is_const {
        let why = format!(
            "`probe::instrument` cannot go on `const fn {}`: it may run in the compiler, which has no board",
            function.name
        );
        return write::error_at(&why, word.span()).chain_with(item);
    }
    let form = Form::of(form, &function.name);
    match &function.returned {
        _ if function.is_async => by_poll(&function, &form),
        Returned::Future(_) | Returned::Boxed(_) => returns_a_future(&function, &form),
        Returned::Value(_) => by_call(&function, &form),
    }
}

/// Takes the declarations of `probe::metrics!` apart. Not for direct use.
#[doc(hidden)]
#[proc_macro]
pub fn each_metric(tokens: TokenStream) -> TokenStream {
    metrics::each(tokens)
}

/// What the attribute was told, and where its macros are.
struct Form {
    home: Home,
    what: What,
}

enum What {
    /// A scope, in the forms of `tag!`.
    Scope(TokenStream),
    /// An operation, in the forms of `op!`.
    Op(TokenStream),
}

impl Form {
    fn of(form: TokenStream, name: &str) -> Self {
        let (home, form) = Home::of(form);
        Self { home, what: What::of(form, name) }
    }

    /// `scope!(form)` or `op!(form)`: a guard of the call.
    fn guard(&self) -> TokenStream {
        match &self.what {
            What::Scope(form) => self.home.call("scope", form.clone()),
            What::Op(form) => self.home.call("op", form.clone()),
        }
    }

    /// `scoped!(future, form)` or `op_async!(future, form)`.
    fn around(&self, future: TokenStream) -> TokenStream {
        let (name, form) = match &self.what {
            What::Scope(form) => ("scoped", form),
            What::Op(form) => ("op_async", form),
        };
        let mut arguments = future;
        if !form.is_empty() {
            arguments.extend([punct(',')]);
            arguments.extend(form.clone());
        }
        self.home.call(name, arguments)
    }

    /// The form only looked at, for a build in which there is nothing else of it.
    fn checked(&self) -> TokenStream {
        match &self.what {
            What::Scope(form) => self.home.call("tag", form.clone()),
            What::Op(form) => self.home.call("begin_op", form.clone()),
        }
    }

    /// `let _ = checked;`
    fn checked_statement(&self) -> TokenStream {
        tokens_of(&["let", "_", "="])
            .into_iter()
            .chain(self.checked())
            .chain([punct(';')])
            .collect()
    }
}

impl What {
    /// A kind is added when there is none: the name of the function.
    fn of(form: TokenStream, name: &str) -> Self {
        let mut rest = form.clone().into_iter().peekable();
        if rest.next_if(|token| is_word(token, "op")).is_none() {
            return Self::Scope(form);
        }
        // The comma behind `op`.
        rest.next();
        if rest.peek().is_some() {
            return Self::Op(rest.collect());
        }
        Self::Op(TokenTree::Literal(Literal::string(name)).into())
    }
}

/// The guard is held for as long as the body runs.
fn by_call(function: &Function, form: &Form) -> TokenStream {
    let mut body: TokenStream = tokens_of(&["let", "__probe_scope", "="]).into_iter().collect();
    body.extend(form.guard());
    body.extend([punct(';')]);
    body.extend(function.statements.clone());
    function.with_body(body)
}

/// The body becomes a future of its own, inside the one that the function is. That is no longer the function as
/// it was, so `probe` chooses, by its own build, between the two.
fn by_poll(function: &Function, form: &Form) -> TokenStream {
    let mut statements = function.returned.said();
    statements.extend(function.statements.clone());
    let body = TokenTree::Group(function.group(statements));
    let future = tokens_of(&["async", "move"]).into_iter().chain([body]).collect();
    let mut inside = form.around(future);
    inside.extend([punct('.')]);
    inside.extend(tokens_of(&["await"]));
    in_or_out(function, form, inside)
}

/// The future that the function returns is followed.
fn returns_a_future(function: &Function, form: &Form) -> TokenStream {
    let inside = match function.tail() {
        // The future's own body: it begins with its first poll, as an `async fn` does.
        Some(tail) => followed_inside(function, form, &tail),
        None => followed_outside(function, form),
    };
    in_or_out(function, form, inside)
}

/// `… async move { scoped!(async move { body }, form).await }`, boxed or not as it was.
fn followed_inside(function: &Function, form: &Form, tail: &Tail) -> TokenStream {
    let mut statements = function.returned.said();
    statements.extend(tail.body.stream());
    let mut body = Group::new(Delimiter::Brace, statements);
    body.set_span(tail.body.span());
    let mut future: TokenStream = tail.head.iter().cloned().collect();
    future.extend([TokenTree::Group(body)]);
    let mut polled = form.around(future);
    polled.extend([punct('.')]);
    polled.extend(tokens_of(&["await"]));
    let outer = tail.head.iter().cloned().chain([braced(polled)]).collect::<TokenStream>();
    let last = match &tail.boxed {
        None => outer,
        Some(group) => {
            let mut boxed = Group::new(Delimiter::Parenthesis, outer);
            boxed.set_span(group.span());
            TokenTree::Group(boxed).into()
        }
    };
    tail.before.iter().cloned().chain(last).collect()
}

/// The body runs as a function that is called once, since it may return early; what it returns is followed.
fn followed_outside(function: &Function, form: &Form) -> TokenStream {
    let body = TokenTree::Group(function.group(function.statements.clone()));
    let mut closure: TokenStream = tokens_of(&["move"]).into_iter().collect();
    closure.extend([punct('|'), punct('|')]);
    if let Returned::Boxed(of) = &function.returned {
        closure.extend(write::arrow());
        closure.extend(of.clone());
    }
    closure.extend([body]);
    let called = form.home.call_function(&["__private", "once"], closure);
    match &function.returned {
        Returned::Boxed(_) => write::boxed_pin(form.around(called)),
        _ => form.around(called),
    }
}

/// One of two bodies, by `probe`'s own build: `inside`, or the function as it was with its form looked at.
fn in_or_out(function: &Function, form: &Form, inside: TokenStream) -> TokenStream {
    let mut outside = form.checked_statement();
    outside.extend(function.statements.clone());
    let inside = braced(function.with_body(inside));
    let outside = braced(function.with_body(outside));
    let mut chosen = form.home.path(&["__in_or_out"]);
    chosen.extend([punct('!'), braced([inside, outside].into_iter().collect())]);
    chosen
}

/// An error beside the item as it was, so that nothing else is said to be missing.
trait ChainWith {
    fn chain_with(self, item: TokenStream) -> TokenStream;
}

impl ChainWith for TokenStream {
    fn chain_with(mut self, item: TokenStream) -> TokenStream {
        self.extend(item);
        self
    }
}
