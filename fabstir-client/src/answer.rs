//! An answer as it comes in.

use crate::{ClientError, Session};
use fabstir_core::renter::Event;

/// An answer coming in: pull its events until [`Event::Done`]. Vouchers are signed as it is pulled, so an answer
/// that is not pulled stops at the end of the credit window.
#[derive(Debug)]
pub struct Answer<'a> {
    session: &'a mut Session,
    finished: bool,
}

impl<'a> Answer<'a> {
    pub(crate) const fn new(session: &'a mut Session) -> Self {
        Self { session, finished: false }
    }

    /// The next event; `None` after [`Event::Done`].
    ///
    /// # Errors
    ///
    /// What the host refuses ([`ClientError::Host`]); [`fabstir_core::Error::Misbehaviour`] and the core's other errors if what it
    /// says does not fit: nothing is signed then; [`ClientError::Connection`] if the connection is gone and the session
    /// cannot be resumed.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        if self.finished {
            return Ok(None);
        }
        let event = self.session.next_event().await;
        self.finished = matches!(event, Ok(Event::Done { .. }) | Err(_));
        event.map(Some)
    }

    /// Asks the host to stop. The answer still ends in [`Event::Done`]; what arrived is owed.
    ///
    /// # Errors
    ///
    /// [`ClientError::Connection`] if it cannot be asked.
    pub async fn cancel(&mut self) -> Result<(), ClientError> {
        if self.finished { Ok(()) } else { self.session.cancel_answer().await }
    }

    /// Pulls the rest and returns all of its text from here on.
    ///
    /// # Errors
    ///
    /// Those of [`Answer::next`].
    pub async fn text(&mut self) -> Result<String, ClientError> {
        let mut whole = String::new();
        while let Some(event) = self.next().await? {
            if let Event::Token { text, .. } = event {
                whole.push_str(&text);
            }
        }
        Ok(whole)
    }

    /// Drops the connection without a word, as a failing network would; the next event resumes it.
    pub fn disconnect(&mut self) {
        self.session.disconnect();
    }

    /// The session, to look at its figures while the answer comes in.
    #[must_use]
    pub const fn session(&self) -> &Session {
        self.session
    }
}
