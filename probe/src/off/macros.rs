//! What the macros become.

#[doc(hidden)]
#[macro_export]
macro_rules! __when_in {
    ($probe:expr) => {
        if false {
            $probe
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __or_nothing {
    ($probe:expr => $nothing:expr) => {{
        if false {
            let _ = $probe;
        }
        $nothing
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __in_or_out {
    ({ $($inside:tt)* } { $($outside:tt)* }) => {
        $($outside)*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tag {
    ($class:tt $hits:tt $group:tt $label:tt [$($arg:expr)?]) => {
        if false {
            $( let _ = $crate::__private::Number::to_u64($arg); )?
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __scope {
    ($class:tt $hits:tt $group:tt $label:tt [$($arg:expr)?]) => {{
        if false {
            $( let _ = $crate::__private::Number::to_u64($arg); )?
        }
        $crate::Scope::new()
    }};
}

/// No block stands around the future, as with probes in.
#[doc(hidden)]
#[macro_export]
macro_rules! __scoped {
    ($future:expr, $class:tt $hits:tt $group:tt $label:tt [$($arg:expr)?]) => {
        $crate::__private::scoped(if false {
            $( let _ = $crate::__private::Number::to_u64($arg); )?
        }, $future)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __op {
    ($begin:ident $kind:literal $label:expr, $parent:expr) => {{
        if false {
            let _: &str = $kind;
            let _ = $label;
            let _: ::core::option::Option<$crate::OpId> = $parent;
        }
        $crate::__private::$begin()
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __op_async {
    ($future:expr, $op:expr) => {
        $crate::__private::tracked(
            if false {
                let _ = $op;
            },
            $future,
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __status {
    ([$class:ident] [$($op:expr)?] $label:literal) => {{
        if false {
            let _: &str = $label;
            $( $crate::__private::op(&$op); )?
        }
        $crate::Asked::no()
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __member {
    ($family:expr, $label:expr) => {{
        if false {
            let _: &str = ::core::convert::AsRef::<str>::as_ref(&$label);
        }
        $crate::__private::member_of(&$family)()
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fact {
    ($key:literal, $text:expr) => {
        if false {
            let _: &str = ::core::convert::AsRef::<str>::as_ref(&$text);
        }
    };
}

#[cfg(feature = "std")]
#[doc(hidden)]
#[macro_export]
macro_rules! __init {
    ($name:expr, $config:expr) => {{
        if false {
            let _: &str = $name.as_ref();
            let _ = $crate::__private::configured($crate::Config::new(), $config);
        }
        $crate::Status::CompiledOut
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __metric {
    ([$([$($about:tt)*])*] $vis:vis $name:ident: Ratio = $text:literal, $unit:literal, $over:expr, $under:expr) => {
        $(#[$($about)*])*
        #[allow(dead_code, reason = "declared for the board")]
        $vis static $name: $crate::Ratio = {
            let _: (&[&$crate::Counter], &[&$crate::Counter]) = ($over, $under);
            $crate::Ratio::new()
        };
    };
    ([$([$($about:tt)*])*] $vis:vis $name:ident: Heartbeat = $text:literal, $unit:literal, $every:expr) => {
        $(#[$($about)*])*
        #[allow(dead_code, reason = "declared for the board")]
        $vis static $name: $crate::Heartbeat = {
            $crate::__private::every($every);
            $crate::Heartbeat::new()
        };
    };
    ([$([$($about:tt)*])*] $vis:vis $name:ident: $kind:ident = $($rest:tt)*) => {
        $(#[$($about)*])*
        #[allow(dead_code, reason = "declared for the board")]
        $vis static $name: $crate::$kind = $crate::$kind::new();
    };
}
