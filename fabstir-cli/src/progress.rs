//! Progress on a terminal, for what takes longer than a moment.

use crate::output::Output;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// What is done by then needs no progress shown.
const MOMENT: Duration = Duration::from_millis(700);
const TICK: Duration = Duration::from_millis(100);

/// Waits for `work`; shows that it is waiting, and for what, if it takes longer than a moment.
pub(crate) async fn waiting<T>(out: Output, what: &str, work: impl Future<Output = T>) -> T {
    if !out.is_watched() {
        return work.await;
    }
    tokio::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = tokio::time::sleep(MOMENT) => {}
    }
    let bar = ProgressBar::new_spinner().with_message(what.to_owned()).with_style(style("{spinner} {msg} {elapsed}"));
    bar.enable_steady_tick(TICK);
    let done = work.await;
    bar.finish_and_clear();
    done
}

/// A bar over bytes read.
pub(crate) fn bytes(out: Output, what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    shown(out, bar, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
}

/// A bar over steps.
pub(crate) fn steps(out: Output, what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    shown(out, bar, "{msg} {wide_bar} {pos}/{len}")
}

fn shown(out: Output, bar: ProgressBar, template: &str) -> ProgressBar {
    if !out.is_watched() {
        return ProgressBar::hidden();
    }
    bar.with_style(style(template))
}

/// indicatif refuses templates with mistakes; the ones here have none, and the default serves as well.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
