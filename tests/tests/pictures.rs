//! The pictures of `inspect export` in a browser.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tests::build;
use tests::exported::{all_samples, exported, path, run, samples, text};
use tests::program::inspect;

/// A page as a browser shows it, after its scripts ran.
fn browser(page: &Path, fragment: &str, arguments: &[&str]) -> String {
    let profile = tempfile::tempdir().expect("a directory");
    let profile = format!("--user-data-dir={}", text(profile.path()));
    let address = format!("file://{}{fragment}", text(page));
    let fixed = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,400", &profile];
    run("chromium", &[&fixed[..], arguments, &[&address]].concat())
}

/// What a person would do, by events, and what the page made of it, as attributes of its root.
const CLICKS: &str = r#"<script><![CDATA[
(function () {
  var frames = [].slice.call(document.querySelectorAll(".f"));
  var called = function (name) { return frames.filter(function (g) { return g.getAttribute("data-n").indexOf(name) === 0; })[0]; };
  var width = function (g) { return g.querySelector("rect").getAttribute("width"); };
  var say = function (key, value) { document.documentElement.setAttribute("data-said-" + key, value); };
  var click = function (g) { g.dispatchEvent(new MouseEvent("click", { bubbles: true })); };
  say("before", width(called("thirty (")));
  click(called("thirty ("));
  say("zoomed", width(called("thirty (")));
  say("other", called("ten (").style.display);
  say("around", width(called("round (")));
  click(document.getElementById("reset"));
  say("after", width(called("thirty (")));
  window.prompt = function () { return "^t(hirty|en) "; };
  click(document.getElementById("search"));
  say("found", frames.filter(function (g) { return g.classList.contains("hit"); }).map(function (g) { return g.getAttribute("data-n").split(" ")[0]; }).sort().join());
  say("share", document.getElementById("found").textContent);
})();
]]></script></svg>"#;

#[test]
fn the_flame_graph_zooms_and_searches_in_a_browser() {
    if !build::needs("chromium", "chromium") {
        return;
    }
    let svg = std::fs::read_to_string(exported("svg")).expect("it");
    let clicked = path("clicked.svg");
    let (page, _) = svg.rsplit_once("</svg>").expect("an end");
    std::fs::write(&clicked, format!("{page}{CLICKS}")).expect("written");
    let dom = browser(&clicked, "", &["--dump-dom"]);
    let said = |key: &str| {
        let (_, rest) = dom
            .split_once(&format!("data-said-{key}=\""))
            .unwrap_or_else(|| panic!("no {key} in {dom}"));
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let width = |key: &str| said(key).parse::<f64>().expect("a width");
    let share = |label: &str| samples(label) as f64 / all_samples() as f64;
    assert!((width("before") - 1200.0 * share("thirty")).abs() < 0.01, "{}", width("before"));
    assert_eq!((width("zoomed"), width("around")), (1200.0, 1200.0));
    assert_eq!(said("other"), "none");
    assert!((width("after") - width("before")).abs() < 0.01);
    assert_eq!(said("found"), "ten,thirty");
    let both = 100.0 * (share("thirty") + share("ten"));
    assert_eq!(said("share"), format!("matched {both:.1}%"));
}

#[test]
fn a_link_into_the_flame_graph_is_seen() {
    if !build::needs("chromium", "chromium") {
        return;
    }
    let png = path("seen.png");
    let shot = format!("--screenshot={}", text(&png));
    // Pixels of the colour of what was found, and of the background.
    let found = |fragment: &str| {
        browser(&path_of_svg(), fragment, &[&shot]);
        let decoder = png::Decoder::new(std::io::BufReader::new(
            std::fs::File::open(&png).expect("a picture"),
        ));
        let mut reader = decoder.read_info().expect("a picture");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("pixels");
        let each = info.color_type.samples();
        let near = |pixel: &[u8]| {
            pixel[..3].iter().zip([0xd0, 0x50, 0xd0]).all(|(a, b)| a.abs_diff(b) < 6)
        };
        pixels[..info.buffer_size()].chunks(each).filter(|pixel| near(pixel)).count()
    };
    assert_eq!(found(""), 0);
    // All of the width and most of the height of one frame: text stands in it.
    let (searched, zoomed) = (found("#search=thirty"), found("#zoom=thirty&search=thirty"));
    assert!(searched > 1000, "{searched}");
    assert!(zoomed > 1200 * 12 && zoomed > searched, "{searched}, {zoomed}");
}

fn path_of_svg() -> PathBuf {
    static ONCE: OnceLock<PathBuf> = OnceLock::new();
    ONCE.get_or_init(|| {
        let to = path("seen.svg");
        assert!(
            inspect(&["export", "svg", text(&path("a.rec")), "-o", text(&to)]).status.success()
        );
        to
    })
    .clone()
}

#[test]
fn a_browser_finds_no_fault_in_the_other_pictures() {
    if !build::needs("chromium", "chromium") {
        return;
    }
    let recording = path("a.rec");
    let difference = path("difference.svg");
    let (recording, to) = (text(&recording), text(&difference));
    assert!(inspect(&["diff", recording, recording, "--svg", to]).status.success());
    for picture in [exported("timeline"), difference.clone()] {
        // A copy under the name by which a browser knows what it is.
        let page = picture.with_extension("svg");
        if page != picture {
            std::fs::copy(&picture, &page).expect("copied");
        }
        let dom = browser(&page, "", &["--dump-dom"]);
        assert!(dom.contains("sixty") && !dom.contains("parsererror"), "{dom}");
    }
}
