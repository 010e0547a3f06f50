//! The attribute `#[probe::instrument]`, in the few tokens of the language that it has to know: the
//! body of a function is its last token, and `async` stands before `fn`. So it needs no parser.

use proc_macro::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};

/// Makes the whole function a scope: `#[probe::instrument]`, or with the forms of `probe::tag!`,
/// `#[probe::instrument(wait, "label", argument)]`. The argument may use the function's parameters.
///
/// An `async fn` is entered at each poll and left at each return from it, and keeps its line
/// between: the position belongs to the future, whichever thread polls it.
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
    let inside = if is_async { around_future(form, body) } else { around_body(form, body) };
    tokens.push(TokenTree::Group(Group::new(Delimiter::Brace, inside)));
    tokens.into_iter().collect()
}

/// `let __probe_scope = ::probe::scope!(form); body`
fn around_body(form: TokenStream, body: Group) -> TokenStream {
    let mut out: Vec<TokenTree> = vec![word("let"), word("__probe_scope"), punct('=')];
    out.extend(call("scope", form));
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
    let path =
        [joint(':'), punct(':'), word("probe"), joint(':'), punct(':'), word(name), punct('!')];
    let arguments = TokenTree::Group(Group::new(Delimiter::Parenthesis, arguments));
    path.into_iter().chain([arguments])
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
