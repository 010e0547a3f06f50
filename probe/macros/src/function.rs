//! What an item says of itself, as far as the attribute has to know it.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

use crate::returned::Returned;
use crate::write::{is_punct, is_word};

/// A function with a body.
pub(crate) struct Function {
    /// Everything before the body.
    head: Vec<TokenTree>,
    /// Its name, without `r#`.
    pub(crate) name: String,
    /// The word `const`, of a function that is one.
    pub(crate) is_const: Option<TokenTree>,
    pub(crate) is_async: bool,
    pub(crate) returned: Returned,
    body: Group,
    /// Attributes that the body begins with, which stay first.
    inner: TokenStream,
    /// The body without them.
    pub(crate) statements: TokenStream,
}

/// A last expression that is a future: `async move { … }`, or the same in `Box::pin(…)`.
pub(crate) struct Tail {
    /// What stands before it, up to `Box::pin`.
    pub(crate) before: Vec<TokenTree>,
    /// The parentheses of `Box::pin(…)`.
    pub(crate) boxed: Option<Group>,
    /// `async`, or `async move`.
    pub(crate) head: Vec<TokenTree>,
    /// What is in its braces.
    pub(crate) body: Group,
}

impl Function {
    /// `None` for what is no function, or has no body.
    pub(crate) fn of(item: TokenStream) -> Option<Self> {
        let mut head: Vec<TokenTree> = item.into_iter().collect();
        // A whole item that a macro was given stands in a group that is not seen.
        if let [TokenTree::Group(whole)] = head.as_slice()
            && whole.delimiter() == Delimiter::None
        {
            head = whole.stream().into_iter().collect();
        }
        let body = unseen(head.pop()?);
        let TokenTree::Group(body) = body else { return None };
        if body.delimiter() != Delimiter::Brace {
            return None;
        }
        let keyword = head.iter().position(|token| is_word(token, "fn"))?;
        let before = head.get(..keyword)?;
        let name = unseen(head.get(keyword + 1)?.clone()).to_string();
        let (inner, statements) = split_inner(body.stream());
        Some(Self {
            name: name.strip_prefix("r#").unwrap_or(&name).to_owned(),
            is_const: before.iter().find(|token| is_word(token, "const")).cloned(),
            is_async: before.iter().any(|token| is_word(token, "async")),
            returned: Returned::of(returned(head.get(keyword + 2..)?)),
            head,
            body,
            inner,
            statements,
        })
    }

    /// The function with another body.
    pub(crate) fn with_body(&self, statements: TokenStream) -> TokenStream {
        let mut body = self.inner.clone();
        body.extend(statements);
        self.head.iter().cloned().chain([TokenTree::Group(self.group(body))]).collect()
    }

    /// In braces that stand where the body's own stand, so that errors of it do.
    pub(crate) fn group(&self, statements: TokenStream) -> Group {
        let mut group = Group::new(Delimiter::Brace, statements);
        group.set_span(self.body.span());
        group
    }

    /// The last expression, when it is a future.
    pub(crate) fn tail(&self) -> Option<Tail> {
        let mut before: Vec<TokenTree> = self.statements.clone().into_iter().collect();
        let TokenTree::Group(last) = before.pop()? else { return None };
        match last.delimiter() {
            Delimiter::Brace => {
                let head = pop_async(&mut before)?;
                Some(Tail { before, boxed: None, head, body: last })
            }
            Delimiter::Parenthesis if before.last().is_some_and(|it| is_word(it, "pin")) => {
                let mut inside: Vec<TokenTree> = last.stream().into_iter().collect();
                inside.pop_if(|token| is_punct(token, ','));
                let TokenTree::Group(body) = inside.pop()? else { return None };
                let head = pop_async(&mut inside)?;
                let is_all = inside.is_empty() && body.delimiter() == Delimiter::Brace;
                is_all.then_some(Tail { before, boxed: Some(last), head, body })
            }
            _ => None,
        }
    }
}

/// `async` or `async move` at the end of some tokens, taken off.
fn pop_async(tokens: &mut Vec<TokenTree>) -> Option<Vec<TokenTree>> {
    let moves = tokens.pop_if(|token| is_word(token, "move"));
    let word = tokens.pop_if(|token| is_word(token, "async"))?;
    Some([word].into_iter().chain(moves).collect())
}

/// What a macro's fragment stands in is not seen: `$body:block`, `$name:ident`.
fn unseen(mut token: TokenTree) -> TokenTree {
    loop {
        let TokenTree::Group(group) = &token else { return token };
        let mut inside = group.stream().into_iter();
        match (group.delimiter(), inside.next(), inside.next()) {
            (Delimiter::None, Some(only), None) => token = only,
            _ => return token,
        }
    }
}

/// `#![…]` at the beginning, and the rest.
fn split_inner(body: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let mut inner = 0;
    while let Some([sign, not, TokenTree::Group(group)]) = tokens.get(inner..inner + 3)
        && is_punct(sign, '#')
        && is_punct(not, '!')
        && group.delimiter() == Delimiter::Bracket
    {
        inner += 3;
    }
    let mut tokens = tokens.into_iter();
    (tokens.by_ref().take(inner).collect(), tokens.collect())
}

/// The type behind the arrow, from what stands behind the name: type parameters, parameters, arrow, type, and
/// perhaps `where`.
fn returned(signature: &[TokenTree]) -> Vec<TokenTree> {
    let mut angles = 0_usize;
    let mut after_minus = false;
    let mut parameters = None;
    for (at, token) in signature.iter().enumerate() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '<' => angles += 1,
            // Not of an arrow, as in `F: Fn() -> u32`.
            TokenTree::Punct(sign) if sign.as_char() == '>' && !after_minus => {
                angles = angles.saturating_sub(1);
            }
            TokenTree::Group(group)
                if angles == 0 && group.delimiter() == Delimiter::Parenthesis =>
            {
                parameters = Some(at);
                break;
            }
            _ => {}
        }
        after_minus = is_punct(token, '-');
    }
    let behind = parameters.and_then(|at| signature.get(at + 1..)).unwrap_or_default();
    match behind {
        [minus, angle, rest @ ..] if is_punct(minus, '-') && is_punct(angle, '>') => {
            rest.iter().take_while(|token| !is_word(token, "where")).cloned().collect()
        }
        _ => Vec::new(),
    }
}
