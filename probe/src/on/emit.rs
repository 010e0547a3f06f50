//! What a macro becomes when probes are in: one static, one safe call.

pub use super::ops::emit::*;
pub use crate::layout::{SITE_ARG, SITE_OP, SITE_SCOPE, SITE_STATUS};
pub use crate::number::Number;
#[cfg(feature = "tower")]
pub use crate::on::adapters::requests::{End, Origin};
pub use crate::on::ground::clock::now;
pub use crate::on::numbers::declared::{Declared, METRICS};
pub use crate::on::numbers::fact::Fact;
pub use crate::on::numbers::family::Family;
pub use crate::on::numbers::queue::{Flow, busy, serve};
pub use crate::on::numbers::verbs::{Advance, Beat, Count, Level, Sample, hold};
pub use crate::on::ops::Label;
pub use crate::on::sites::kind::{Kind, Spent};
pub use crate::on::sites::site::{Class, Function, Gate, Hits, SITES, Site};
pub use crate::on::sites::tags::{at, at_with, rest, rest_with};
pub use crate::on::start::init::init;

pub use probe_macros::each_metric;

/// Settings as the program wants them.
pub fn configured(
    config: crate::on::start::config::Config,
    settings: impl FnOnce(crate::on::start::config::Config) -> crate::on::start::config::Config,
) -> crate::on::start::config::Config {
    settings(config)
}

/// What a function returns that is called here, once.
#[inline(always)]
pub fn once<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// Keeps a value from being computed later or earlier than here.
#[inline(always)]
pub fn pin<T>(value: T) -> T {
    core::hint::black_box(value)
}

#[doc(hidden)]
#[macro_export]
macro_rules! __when_in {
    ($probe:expr) => {
        $probe
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __or_nothing {
    ($probe:expr => $nothing:expr) => {
        $probe
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __in_or_out {
    ({ $($inside:tt)* } { $($outside:tt)* }) => {
        $($inside)*
    };
}

/// The static of one site.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ([$class:ident] [$($hits:ident)?] [$($group:literal)?] [$($label:literal)?] $flags:expr) => {
        $crate::__site!([$class] [$($hits)?] [$($group)?] [$($label)?] $flags, ::core::option::Option::None, ::core::option::Option::None)
    };
    ([$class:ident] [$($hits:ident)?] [$($group:literal)?] [$($label:literal)?] $flags:expr, $kind:expr, $spent:expr) => {{
        #[used]
        #[unsafe(link_section = "probe_sites")]
        static SITE: $crate::__private::Site = $crate::__private::Site {
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
            function: $crate::__private::Function::Around({
                fn here() -> &'static str {
                    ::core::any::type_name_of_val(&here)
                }
                here
            }),
            label: $crate::__literal!($($label)?),
            class: $crate::__private::Class::$class,
            flags: $flags,
            group: $crate::__literal!($($group)?),
            gate: $crate::__gate!($($group)?),
            hits: $crate::__hits!($($hits)?),
            kind: $kind,
            spent: $spent,
        };
        &SITE
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __literal {
    () => {
        ""
    };
    ($literal:literal) => {
        $literal
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __gate {
    () => {
        ::core::option::Option::None
    };
    ($group:literal) => {{
        static GATE: $crate::__private::Gate = $crate::__private::Gate::new();
        ::core::option::Option::Some(&GATE)
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __hits {
    () => {
        ::core::option::Option::None
    };
    (hits) => {{
        static HITS: $crate::__private::Hits = $crate::__private::Hits::new();
        ::core::option::Option::Some(&HITS)
    }};
}

/// Counts the pass, where asked for.
#[doc(hidden)]
#[macro_export]
macro_rules! __pass {
    ($site:ident []) => {};
    ($site:ident [hits]) => {
        if let ::core::option::Option::Some(hits) = $site.hits {
            hits.pass();
        }
    };
}

/// Runs a probe if its group is on; without a group there is nothing to ask.
#[doc(hidden)]
#[macro_export]
macro_rules! __gated {
    ($site:ident [] $probe:expr, $otherwise:expr) => {
        $probe
    };
    ($site:ident [$group:literal] $probe:expr, $otherwise:expr) => {
        match $site.gate {
            ::core::option::Option::Some(gate) if !gate.is_on() => $otherwise,
            _ => $probe,
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tag {
    ([Idle] $hits:tt $group:tt $label:tt []) => {{
        let site = $crate::__site!([Idle] $hits $group $label 0);
        $crate::__gated!(site $group {
            $crate::__pass!(site $hits);
            $crate::__private::rest(site)
        }, ())
    }};
    ([Idle] $hits:tt $group:tt $label:tt [$arg:expr]) => {{
        let site = $crate::__site!([Idle] $hits $group $label $crate::__private::SITE_ARG);
        $crate::__gated!(site $group {
            $crate::__pass!(site $hits);
            $crate::__private::rest_with(site, $crate::__private::Number::to_u64($arg))
        }, ())
    }};
    ($class:tt $hits:tt $group:tt $label:tt []) => {{
        let site = $crate::__site!($class $hits $group $label 0);
        $crate::__gated!(site $group {
            $crate::__pass!(site $hits);
            $crate::__private::at(site)
        }, ())
    }};
    ($class:tt $hits:tt $group:tt $label:tt [$arg:expr]) => {{
        let site = $crate::__site!($class $hits $group $label $crate::__private::SITE_ARG);
        $crate::__gated!(site $group {
            $crate::__pass!(site $hits);
            $crate::__private::at_with(site, $crate::__private::Number::to_u64($arg))
        }, ())
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __scope {
    ($class:tt $hits:tt $group:tt $label:tt []) => {{
        let site = $crate::__site!($class $hits $group $label $crate::__private::SITE_SCOPE);
        $crate::__gated!(site $group {
            $crate::__pass!(site $hits);
            $crate::Scope::enter(site)
        }, $crate::Scope::none())
    }};
    ($class:tt $hits:tt $group:tt $label:tt [$arg:expr]) => {{
        let site = $crate::__site!($class $hits $group $label
            $crate::__private::SITE_SCOPE | $crate::__private::SITE_ARG);
        $crate::__gated!(site $group {
            $crate::__pass!(site $hits);
            $crate::Scope::enter_with(site, $crate::__private::Number::to_u64($arg))
        }, $crate::Scope::none())
    }};
}

/// No block stands around the future: what its expression borrows lives as long as without the macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __scoped {
    ($future:expr, $class:tt $hits:tt $group:tt $label:tt []) => {
        $crate::Scoped::new({
            let site = $crate::__site!($class $hits $group $label $crate::__private::SITE_SCOPE);
            $crate::__gated!(site $group {
                $crate::__pass!(site $hits);
                ::core::option::Option::Some(site)
            }, ::core::option::Option::None)
        }, 0, $future)
    };
    ($future:expr, $class:tt $hits:tt $group:tt $label:tt [$arg:expr]) => {
        $crate::Scoped::new({
            let site = $crate::__site!($class $hits $group $label
                $crate::__private::SITE_SCOPE | $crate::__private::SITE_ARG);
            $crate::__gated!(site $group {
                $crate::__pass!(site $hits);
                ::core::option::Option::Some(site)
            }, ::core::option::Option::None)
        }, { let argument = $crate::__private::Number::to_u64($arg); argument }, $future)
    };
}

/// The site of an operation's beginning.
#[doc(hidden)]
#[macro_export]
macro_rules! __op_site {
    ($kind:literal) => {
        $crate::__site!([Work] [] [] [$kind] $crate::__private::SITE_OP, {
            static KIND: $crate::__private::Kind = $crate::__private::Kind::new();
            ::core::option::Option::Some(&KIND)
        }, ::core::option::Option::None)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __op {
    // A statement, so that nothing of a format is alive behind it: it could not go to another thread with
    // the future that awaits the rest.
    ($begin:ident $kind:literal $label:expr, $parent:expr) => {{
        let op = $crate::__private::$begin(
            $crate::__op_site!($kind),
            $crate::__private::IntoText::text(&$label),
            $parent,
        );
        op
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __op_async {
    ($future:expr, $op:expr) => {
        $crate::Op::track($op, $future)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __status {
    ([$class:ident] [$($op:expr)?] $label:literal) => {
        $crate::__status!(@ [$($op)?] $crate::__site!([$class] [] [] [$label]
            $crate::__private::SITE_STATUS, ::core::option::Option::None, {
                static SPENT: $crate::__private::Spent = $crate::__private::Spent::new();
                ::core::option::Option::Some(&SPENT)
            }))
    };
    (@ [] $site:expr) => {
        $crate::__private::status_here($site)
    };
    (@ [$op:expr] $site:expr) => {
        $crate::__private::status_of(&$op, $site)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __member {
    ($family:expr, $label:expr) => {
        $crate::__private::Family::member(&$family, ::core::convert::AsRef::<str>::as_ref(&$label))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fact {
    ($key:literal, $text:expr) => {{
        static FACT: $crate::__private::Fact = {
            #[used]
            #[unsafe(link_section = "probe_metrics")]
            static DECLARED: $crate::__private::Declared = $crate::__private::Declared::Fact(&FACT);
            $crate::__private::Fact::new($key)
        };
        FACT.set(::core::convert::AsRef::<str>::as_ref(&$text))
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __init {
    ($name:expr, $config:expr) => {
        $crate::__private::init($crate::__private::configured(
            $crate::Config::new($name.as_ref()).built(
                ::core::option_env!("CARGO_PKG_NAME"),
                ::core::option_env!("CARGO_PKG_VERSION"),
            ),
            $config,
        ))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __metric {
    ([$([$($about:tt)*])*] $vis:vis $name:ident: Fifo = $text:literal, $unit:literal) => {
        $(#[$($about)*])*
        #[allow(dead_code, reason = "declared for the board")]
        $vis static $name: $crate::Fifo = {
            #[used]
            #[unsafe(link_section = "probe_metrics")]
            static DECLARED: $crate::__private::Declared =
                $crate::__private::Declared::Queue($crate::Fifo::queue(&$name));
            $crate::Fifo::new($text, $unit, ::core::concat!($($crate::__help!($($about)*)),*))
        };
    };
    ([$([$($about:tt)*])*] $vis:vis $name:ident: $kind:ident = $text:literal, $unit:literal $(, $more:expr)*) => {
        $(#[$($about)*])*
        #[allow(dead_code, reason = "declared for the board")]
        $vis static $name: $crate::$kind = {
            #[used]
            #[unsafe(link_section = "probe_metrics")]
            static DECLARED: $crate::__private::Declared = $crate::__private::Declared::$kind(&$name);
            $crate::$kind::new($text, $unit, ::core::concat!($($crate::__help!($($about)*)),*) $(, $more)*)
        };
    };
}
