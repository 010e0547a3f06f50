//! Forms of `export`, and how numbers are exported.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::export::Format;
use crate::words::quantity::some_time;

/// Forms of `export`: those of profiles, and those of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One stack a line with its samples, for flame graph tools.
    Folded,
    /// A flame graph, one file for any browser.
    Svg,
    /// For speedscope.app.
    Speedscope,
    /// For `go tool pprof`, packed as it expects.
    Pprof,
    /// A row for each thread and stack.
    Csv,
    /// How each thread moved over time, with load and stalls, one SVG file for any browser.
    Timeline,
    /// Each thread's part of the time, as high, and how parallel the program then was, as wide; one SVG file.
    Bottle,
    /// A trace for Perfetto: threads, lines, operations and levels over time.
    Perfetto,
    /// For the Firefox Profiler.
    Firefox,
    /// What a board counts, as Prometheus reads it.
    Prom,
    /// Numbers, operations or samples, as OpenTelemetry has them.
    Otlp,
}

impl Form {
    /// Whether it is something else than text.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Perfetto | Self::Otlp) || self.profile().is_some_and(Format::is_binary)
    }

    /// The form of a counted profile that it is, if it is one.
    pub fn profile(self) -> Option<Format> {
        Some(match self {
            Self::Folded => Format::Folded,
            Self::Svg => Format::Svg,
            Self::Speedscope => Format::Speedscope,
            Self::Pprof => Format::Pprof,
            Self::Csv => Format::Csv,
            Self::Timeline => Format::Timeline,
            Self::Bottle => Format::Bottle,
            Self::Perfetto | Self::Firefox | Self::Prom | Self::Otlp => return None,
        })
    }
}

/// How numbers are exported.
#[derive(Clone, Debug, Args)]
pub struct Numbers {
    /// prom, otlp: again every so often, until Ctrl-C.
    ///
    /// A file that prom writes is replaced whole each time.
    #[arg(long, value_name = "TIME", value_parser = some_time, allow_hyphen_values = true)]
    pub every: Option<Duration>,
    /// prom: as OpenMetrics, with units and an end mark.
    #[arg(long)]
    pub openmetrics: bool,
    /// otlp: numbers.
    #[arg(long, conflicts_with_all = ["spans", "profiles"])]
    pub metrics: bool,
    /// otlp: operations, a span each.
    ///
    /// Once it ended, or its process did.
    #[arg(long, conflicts_with = "profiles")]
    pub spans: bool,
    /// otlp: samples.
    #[arg(long)]
    pub profiles: bool,
    /// otlp: to this collector; else to stdout.
    ///
    /// `http://HOST[:PORT][/PATH]` or `https`, below which each signal has its own path.
    ///
    /// Without it OTEL_EXPORTER_OTLP_ENDPOINT says where to; stdout when nobody does.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// otlp --spans: what is in flight, too.
    ///
    /// A span of no length each, with the status so far.
    #[arg(long, requires = "spans")]
    pub pending: bool,
    /// otlp --spans: what was sent is noted here.
    ///
    /// No operation is sent twice by the next one.
    #[arg(long, value_name = "FILE", requires = "spans")]
    pub state: Option<PathBuf>,
}

impl Numbers {
    /// Whether anything of it was said.
    pub fn asked(&self) -> bool {
        let flags = [self.openmetrics, self.metrics, self.spans, self.profiles, self.pending];
        self.every.is_some() || self.endpoint.is_some() || flags.contains(&true)
    }
}
