//! Tokens' bytes to text that can be shown: whole characters only, never a part of a stop string.

/// Turns the bytes of sampled tokens into deliverable text.
#[derive(Debug, Default)]
pub struct TextStream {
    /// Bytes of a character that has not ended yet, at most three.
    partial: Vec<u8>,
    /// Text that may be the beginning of a stop string.
    held: String,
    stops: Vec<String>,
}

/// What became certain.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Text that can be shown.
    pub text: String,
    /// Whether a stop string appeared; nothing may follow.
    pub stopped: bool,
}

impl TextStream {
    /// A stream that ends at the first of these texts. Empty ones are ignored.
    #[must_use]
    pub fn new(mut stops: Vec<String>) -> Self {
        stops.retain(|stop| !stop.is_empty());
        Self { stops, ..Self::default() }
    }

    /// Takes one token's bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Delivery {
        self.partial.extend_from_slice(bytes);
        self.decode();
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.held.truncate(at);
            self.partial.clear();
            return Delivery { text: std::mem::take(&mut self.held), stopped: true };
        }
        let certain = self.held.len() - self.doubtful();
        let held = self.held.split_off(certain);
        Delivery { text: std::mem::replace(&mut self.held, held), stopped: false }
    }

    /// Takes what is left when no token follows. An unfinished character becomes U+FFFD.
    pub fn finish(&mut self) -> String {
        let mut text = std::mem::take(&mut self.held);
        text.push_str(&String::from_utf8_lossy(&self.partial));
        self.partial.clear();
        text
    }

    /// Whether text is held back that [`TextStream::finish`] would give.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.held.is_empty() || !self.partial.is_empty()
    }

    /// Moves whole characters from `partial` to `held`; bytes that cannot become one turn into U+FFFD.
    fn decode(&mut self) {
        let mut bytes = std::mem::take(&mut self.partial);
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            let error = match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.held.push_str(text);
                    done = bytes.len();
                    break;
                }
                Err(error) => error,
            };
            let (valid, invalid) = rest.split_at(error.valid_up_to());
            self.held.push_str(&String::from_utf8_lossy(valid));
            done += valid.len();
            match error.error_len() {
                Some(length) => {
                    self.held.push(char::REPLACEMENT_CHARACTER);
                    done += length.min(invalid.len());
                }
                None => break,
            }
        }
        bytes.drain(..done);
        self.partial = bytes;
    }

    /// How many bytes at the end of `held` may begin a stop string.
    fn doubtful(&self) -> usize {
        self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0)
    }
}

/// The longest end of `text` that a longer `stop` begins with, in bytes.
fn overlap(text: &str, stop: &str) -> usize {
    let most = text.len().min(stop.len() - 1);
    (1..=most).rev().find(|length| stop.is_char_boundary(*length) && text.ends_with(&stop[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn deliver(stream: &mut TextStream, pieces: &[&[u8]]) -> (Vec<String>, bool) {
        let mut texts = Vec::new();
        for piece in pieces {
            let delivery = stream.push(piece);
            texts.push(delivery.text);
            if delivery.stopped {
                return (texts, true);
            }
        }
        (texts, false)
    }

    #[test]
    fn characters_are_delivered_whole() {
        let mut stream = TextStream::new(Vec::new());
        let bytes = "aé🦀".as_bytes();
        let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
        let (texts, _) = deliver(&mut stream, &pieces);
        assert_eq!(texts, ["a", "", "é", "", "", "", "🦀"]);
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn unfinished_and_impossible_bytes_become_replacement_characters() {
        let mut stream = TextStream::new(Vec::new());
        assert_eq!(stream.push(&[b'a', 0xFF, b'b']).text, "a\u{FFFD}b");
        assert!(!stream.is_pending());
        assert_eq!(stream.push(&[0xF0, 0x9F]).text, "");
        assert!(stream.is_pending());
        assert_eq!(stream.finish(), "\u{FFFD}");
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn a_stop_string_across_tokens_ends_the_text_before_it() {
        let mut stream = TextStream::new(vec!["STOP".into()]);
        let (texts, stopped) = deliver(&mut stream, &[b"one S", b"TO", b"P two"]);
        assert_eq!((texts.concat().as_str(), stopped), ("one ", true));
    }

    #[test]
    fn what_only_looked_like_a_stop_string_is_delivered_late() {
        let mut stream = TextStream::new(vec!["STOP".into(), "\n\n".into()]);
        let (texts, stopped) = deliver(&mut stream, &[b"ST", b"ST", b"A", b"\n"]);
        assert_eq!((texts, stopped), (["", "ST", "STA", ""].map(String::from).to_vec(), false));
        assert_eq!(stream.finish(), "\n");
    }

    #[test]
    fn the_earliest_of_several_stops_counts() {
        let mut stream = TextStream::new(vec!["cd".into(), "b".into(), String::new()]);
        assert_eq!(stream.push(b"abcd"), Delivery { text: "a".into(), stopped: true });
    }

    #[test]
    fn a_stop_string_may_end_in_half_a_character_of_another() {
        let mut stream = TextStream::new(vec!["é!".into()]);
        let (texts, stopped) = deliver(&mut stream, &[&[0xC3], &[0xA9], b"?", &[0xC3, 0xA9, b'!']]);
        assert_eq!((texts.concat().as_str(), stopped), ("é?", true));
    }

    proptest! {
        #[test]
        fn pieces_add_up_to_the_whole(bytes: Vec<u8>, cuts in prop::collection::vec(1_usize..5, 0..64)) {
            let mut stream = TextStream::new(Vec::new());
            let mut text = String::new();
            let mut rest = bytes.as_slice();
            for cut in cuts.into_iter().chain([bytes.len()]) {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                text.push_str(&stream.push(now).text);
                rest = later;
            }
            text.push_str(&stream.finish());
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn stops_are_found_wherever_the_cuts_are(text in "[ab]{0,24}", stop in "[ab]{1,4}", cut in 1_usize..6) {
            let mut stream = TextStream::new(vec![stop.clone()]);
            let mut delivered = String::new();
            let mut stopped = false;
            for piece in text.as_bytes().chunks(cut) {
                let delivery = stream.push(piece);
                delivered.push_str(&delivery.text);
                if delivery.stopped {
                    stopped = true;
                    break;
                }
            }
            if !stopped {
                delivered.push_str(&stream.finish());
            }
            prop_assert_eq!(stopped, text.contains(&stop));
            prop_assert_eq!(delivered, text.split(&stop).next().unwrap());
        }
    }
}
