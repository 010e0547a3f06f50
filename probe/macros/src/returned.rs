//! The type behind a function's arrow: whether that is a future, and what comes of it.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

use crate::write::{absolute, braced, is_punct, is_word, punct, tokens_of};

/// What a function returns.
pub(crate) enum Returned {
    /// A value; nothing stands for `()`.
    Value(Vec<TokenTree>),
    /// `impl Future`, with what comes of it if it says so.
    Future(Vec<TokenTree>),
    /// `Pin<Box<dyn Future>>` or `BoxFuture`: the whole type.
    Boxed(TokenStream),
}

impl Returned {
    /// What stands behind the arrow.
    pub(crate) fn of(tokens: Vec<TokenTree>) -> Self {
        let tokens = flat(tokens);
        if tokens.first().is_some_and(|first| is_word(first, "impl"))
            && says_future(&tokens, "impl")
        {
            return Self::Future(output(&tokens));
        }
        // The name of the outermost type: the last word of its path.
        let name = tokens.iter().take_while(|token| is_of_path(token)).last();
        let named = |word: &str| name.is_some_and(|name| is_word(name, word));
        let pinned =
            named("Pin") && has(&tokens, "Box") && has(&tokens, "dyn") && has(&tokens, "Future");
        if pinned || named("BoxFuture") || named("LocalBoxFuture") {
            return Self::Boxed(tokens.into_iter().collect());
        }
        Self::Value(tokens)
    }

    /// A statement that says what a future inside the function comes to: a block of code is inferred from
    /// within, and would not know that `Box::new(error)` is to be a trait object. Never run.
    pub(crate) fn said(&self) -> TokenStream {
        let of: TokenStream = match self {
            Self::Boxed(of) => {
                let mut output: TokenStream = [punct('<')].into_iter().collect();
                output.extend(of.clone());
                output.extend(tokens_of(&["as"]));
                output.extend(absolute(&["core", "future", "Future"]));
                output.extend([punct('>')]);
                output.extend(absolute(&["Output"]));
                output
            }
            Self::Future(of) if of.is_empty() => return TokenStream::new(),
            Self::Value(of) if of.is_empty() => {
                TokenTree::Group(Group::new(Delimiter::Parenthesis, TokenStream::new())).into()
            }
            // The type that has no value cannot be written there.
            Self::Value(of) if of.first().is_some_and(|sign| is_punct(sign, '!')) => {
                return TokenStream::new();
            }
            Self::Future(of) | Self::Value(of) => without_impl(of.clone()).into_iter().collect(),
        };
        // `if false { #[allow(…)] let said: TYPE = loop {}; return said; }`
        let lints = "#[allow(unknown_lints, unreachable_code, unused_qualifications, clippy::all, clippy::pedantic, \
                     clippy::restriction, clippy::nursery)]";
        let mut inside: TokenStream = lints.parse().unwrap_or_default();
        inside.extend(tokens_of(&["let", "__probe_returned"]));
        inside.extend([punct(':')]);
        inside.extend(of);
        inside.extend(tokens_of(&["=", "loop"]));
        inside.extend([braced(TokenStream::new()), punct(';')]);
        inside.extend(tokens_of(&["return", "__probe_returned"]));
        inside.extend([punct(';')]);
        let mut said: TokenStream = lints.parse().unwrap_or_default();
        said.extend(tokens_of(&["if", "false"]));
        said.extend([braced(inside)]);
        said
    }
}

/// Groups that are not seen, opened.
fn flat(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let open = |token: TokenTree| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            flat(group.stream().into_iter().collect())
        }
        other => vec![other],
    };
    tokens.into_iter().flat_map(open).collect()
}

fn has(tokens: &[TokenTree], word: &str) -> bool {
    tokens.iter().any(|token| is_word(token, word))
}

/// Whether a token may stand in `std::future::Future`, or before it.
fn is_of_path(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(_)) && !is_word(token, "impl") || is_punct(token, ':')
}

/// Whether the first bound behind `impl` or `dyn` is a `Future`: not one that it has to do with, as in
/// `impl Iterator<Item = impl Future>`.
fn says_future(tokens: &[TokenTree], keyword: &str) -> bool {
    let behind = tokens.iter().skip_while(|token| !is_word(token, keyword)).skip(1);
    behind.take_while(|token| is_of_path(token)).last().is_some_and(|name| is_word(name, "Future"))
}

/// What stands behind `Output =`.
fn output(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let Some(at) = tokens.iter().position(|token| is_word(token, "Output")) else {
        return Vec::new();
    };
    match tokens.get(at + 1) {
        Some(sign) if is_punct(sign, '=') => {}
        _ => return Vec::new(),
    }
    let rest = tokens.get(at + 2..).unwrap_or_default();
    rest.get(..one_type(rest)).unwrap_or_default().to_vec()
}

/// `impl Trait` cannot be written in a statement: what it is stays open.
fn without_impl(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let mut out = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        if is_word(first, "impl") {
            out.extend(tokens_of(&["_"]));
            rest = behind.get(one_type(behind)..).unwrap_or_default();
            continue;
        }
        out.push(match first {
            TokenTree::Group(group) => {
                let inside = without_impl(group.stream().into_iter().collect());
                let mut same = Group::new(group.delimiter(), inside.into_iter().collect());
                same.set_span(group.span());
                TokenTree::Group(same)
            }
            other => other.clone(),
        });
        rest = behind;
    }
    out
}

/// How many tokens the type is long that stands first: up to a comma, or a bracket that it did not open.
fn one_type(tokens: &[TokenTree]) -> usize {
    let mut angles = 0_usize;
    let mut after_minus = false;
    for (at, token) in tokens.iter().enumerate() {
        if is_punct(token, '<') {
            angles += 1;
        } else if is_punct(token, '>') && !after_minus {
            if angles == 0 {
                return at;
            }
            angles -= 1;
        } else if is_punct(token, ',') && angles == 0 {
            return at;
        }
        after_minus = is_punct(token, '-');
    }
    tokens.len()
}
