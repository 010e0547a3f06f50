//! The attribute `#[probe::instrument]`, in the few tokens of the language that it has to know: the
//! body of a function is its last token, and `async` stands before `fn`. So it needs no parser.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Makes the whole function a scope: `#[probe::instrument]`, or with the forms of `probe::tag!`,
/// `#[probe::instrument(wait, "label", argument)]`. The argument may use the function's parameters.
///
/// An `async fn` is entered at each poll and left at each return from it, and keeps its line
/// between: the position belongs to the future, whichever thread polls it.
///
/// `#[probe::instrument(op)]` makes each call an operation instead, with the forms of `probe::op!`:
/// `#[probe::instrument(op, "request", "GET {path}")]`. Without a kind, it is the function's name. An
/// `async fn` is an operation from its first poll to its end, on whichever thread.
///
/// Without probes the function is left as it is.
#[proc_macro_attribute]
pub fn instrument(form: TokenStream, item: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let is_fn = tokens.iter().any(|token| is_word(token, "fn"));
    let body = match tokens.pop() {
        Some(TokenTree::Group(body)) if is_fn && body.delimiter() == Delimiter::Brace => body,
        _ => return error("`probe::instrument` goes on a function with a body"),
    };
    let is_async = tokens
        .iter()
        .take_while(|token| !is_word(token, "fn"))
        .any(|token| is_word(token, "async"));
    let with = |body: TokenStream| {
        let body = TokenTree::Group(Group::new(Delimiter::Brace, body));
        tokens.iter().cloned().chain([body]).collect::<TokenStream>()
    };
    if let Some(form) = operation(&form, &tokens) {
        if !is_async {
            return with(around_body("op", form, body));
        }
        let arguments = [word("async"), word("move"), TokenTree::Group(body.clone()), punct(',')];
        let arguments = arguments.into_iter().chain(form.clone()).collect();
        let inside = call("op_async", arguments).chain([punct('.'), word("await")]).collect();
        let outside =
            [word("let"), word("_"), punct('=')].into_iter().chain(call("begin_op", form));
        let outside = outside.chain([punct(';')]).chain(body.stream()).collect();
        return in_or_out(with(inside), with(outside));
    }
    if !is_async {
        return with(around_body("scope", form, body));
    }
    // A future inside a future is no longer the function as it was: `probe` chooses, by its own build,
    // between the two.
    let inside = with(around_future(form.clone(), body.clone()));
    let outside = with(around_body("tag", form, body));
    in_or_out(inside, outside)
}

/// One of two, by `probe`'s own build.
fn in_or_out(inside: TokenStream, outside: TokenStream) -> TokenStream {
    let braced = |tokens| TokenTree::Group(Group::new(Delimiter::Brace, tokens));
    let both = [braced(inside), braced(outside)].into_iter().collect();
    path("__in_or_out").chain([punct('!'), braced(both)]).collect()
}

/// What stands behind `op` in the form, the kind added when there is none: the name of the function.
fn operation(form: &TokenStream, function: &[TokenTree]) -> Option<TokenStream> {
    let mut form = form.clone().into_iter();
    if !is_word(&form.next()?, "op") {
        return None;
    }
    // The comma behind `op`.
    form.next();
    let mut rest = form.peekable();
    if rest.peek().is_some() {
        return Some(rest.collect());
    }
    let name = function.iter().skip_while(|token| !is_word(token, "fn")).nth(1)?;
    let name = name.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    Some(TokenTree::Literal(Literal::string(name)).into())
}

/// `let __probe_scope = ::probe::NAME!(form); body`
fn around_body(name: &str, form: TokenStream, body: Group) -> TokenStream {
    let mut out: Vec<TokenTree> = vec![word("let"), word("__probe_scope"), punct('=')];
    out.extend(call(name, form));
    out.push(punct(';'));
    out.extend(body.stream());
    out.into_iter().collect()
}

/// `::probe::scoped!(async move { body }, form).await`
fn around_future(form: TokenStream, body: Group) -> TokenStream {
    let mut arguments: Vec<TokenTree> = vec![word("async"), word("move"), TokenTree::Group(body)];
    if !form.is_empty() {
        arguments.push(punct(','));
        arguments.extend(form);
    }
    let mut out: Vec<TokenTree> = call("scoped", arguments.into_iter().collect()).collect();
    out.extend([punct('.'), word("await")]);
    out.into_iter().collect()
}

/// `::probe::NAME!(arguments)`
fn call(name: &str, arguments: TokenStream) -> impl Iterator<Item = TokenTree> + use<> {
    let arguments = TokenTree::Group(Group::new(Delimiter::Parenthesis, arguments));
    path(name).chain([punct('!'), arguments])
}

/// `::probe::NAME`
fn path(name: &str) -> impl Iterator<Item = TokenTree> + use<> {
    [joint(':'), punct(':'), word("probe"), joint(':'), punct(':'), word(name)].into_iter()
}

fn error(message: &str) -> TokenStream {
    format!("::core::compile_error!({message:?});").parse().unwrap_or_default()
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

fn word(text: &str) -> TokenTree {
    TokenTree::Ident(Ident::new(text, Span::call_site()))
}

fn punct(sign: char) -> TokenTree {
    TokenTree::Punct(Punct::new(sign, Spacing::Alone))
}

fn joint(sign: char) -> TokenTree {
    TokenTree::Punct(Punct::new(sign, Spacing::Joint))
}
