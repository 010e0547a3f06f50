//! Declarations of numbers, one call for each.
//!
//! A macro by example that repeats a pattern with optional parts takes time with the square of the entries (18 s for
//! 5,000), and one that calls itself meets the compiler's limit. This walks over them once.

use proc_macro::{Delimiter, TokenStream, TokenTree};

use crate::write::{absolute, braced, bracketed, is_punct, is_word, punct};

/// `[path] entry; entry; …` becomes `path::__declare! { [[attribute] …] [visibility] rest }` for each.
pub(crate) fn each(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter();
    let Some(TokenTree::Group(home)) = tokens.next() else { return TokenStream::new() };
    let mut all = TokenStream::new();
    let mut entry = Vec::new();
    for token in tokens {
        if is_punct(&token, ';') {
            all.extend(declaration(&home.stream(), std::mem::take(&mut entry)));
        } else {
            entry.push(token);
        }
    }
    if !entry.is_empty() {
        all.extend(declaration(&home.stream(), entry));
    }
    all
}

fn declaration(home: &TokenStream, entry: Vec<TokenTree>) -> TokenStream {
    let mut tokens = entry.into_iter().peekable();
    let mut about = TokenStream::new();
    while tokens.next_if(|token| is_punct(token, '#')).is_some() {
        about.extend(tokens.next());
    }
    let mut visible = TokenStream::new();
    // Seen through another macro it is one token.
    let unseen = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::None);
    if let Some(word) = tokens.next_if(|token| is_word(token, "pub") || unseen(token)) {
        let more = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis);
        visible.extend([word]);
        visible.extend(tokens.next_if(more));
    }
    let mut inside: TokenStream = [bracketed(about), bracketed(visible)].into_iter().collect();
    inside.extend(tokens);
    let mut call = home.clone();
    call.extend(absolute(&["__declare"]));
    call.extend([punct('!'), braced(inside)]);
    call
}
