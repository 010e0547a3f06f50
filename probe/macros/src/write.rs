//! Tokens that are put together.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// `::std::boxed::Box::pin(future)`
pub(crate) fn boxed_pin(future: TokenStream) -> TokenStream {
    let mut call = absolute(&["std", "boxed", "Box", "pin"]);
    call.extend([in_parentheses(future)]);
    call
}

/// `::PATH`
pub(crate) fn absolute(names: &[&str]) -> TokenStream {
    names.iter().flat_map(|name| [joint(':'), punct(':'), word(name)]).collect()
}

/// `->`
pub(crate) fn arrow() -> [TokenTree; 2] {
    [joint('-'), punct('>')]
}

/// An error where the attribute stands.
pub(crate) fn error(message: &str) -> TokenStream {
    error_at(message, Span::call_site())
}

/// An error there.
pub(crate) fn error_at(message: &str, span: Span) -> TokenStream {
    let mut text = Literal::string(message);
    text.set_span(span);
    let mut error = absolute(&["core", "compile_error"]);
    error.extend([punct('!'), in_parentheses(TokenTree::Literal(text).into()), punct(';')]);
    error
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}

/// Whether a token is this word.
pub(crate) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

/// Whether a token is this sign.
pub(crate) fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// Words and equals signs, one after the other.
pub(crate) fn tokens_of(texts: &[&str]) -> Vec<TokenTree> {
    texts
        .iter()
        .map(|text| match *text {
            "=" => punct('='),
            text => word(text),
        })
        .collect()
}

/// `{ tokens }`
pub(crate) fn braced(tokens: TokenStream) -> TokenTree {
    TokenTree::Group(Group::new(Delimiter::Brace, tokens))
}

/// `[tokens]`
pub(crate) fn bracketed(tokens: TokenStream) -> TokenTree {
    TokenTree::Group(Group::new(Delimiter::Bracket, tokens))
}

/// `(tokens)`
pub(crate) fn in_parentheses(tokens: TokenStream) -> TokenTree {
    TokenTree::Group(Group::new(Delimiter::Parenthesis, tokens))
}

/// A word.
pub(crate) fn word(text: &str) -> TokenTree {
    TokenTree::Ident(Ident::new(text, Span::call_site()))
}

/// A sign that stands alone.
pub(crate) fn punct(sign: char) -> TokenTree {
    TokenTree::Punct(Punct::new(sign, Spacing::Alone))
}

/// A sign that the next one belongs to.
fn joint(sign: char) -> TokenTree {
    TokenTree::Punct(Punct::new(sign, Spacing::Joint))
}
