//! Random sequences of calls, read from bytes: valid ones, stale and foreign handles, NULLs, odd lengths and numbers. Shared
//! by a property test and a fuzz target. What must hold: nothing crashes, nothing panics, nothing leaks, and a status says
//! what it was.

use fabstir::*;
use std::ptr;

/// Handles of each kind that are kept, freed ones among them.
const SLOTS: usize = 4;

/// Reads choices from bytes; zeros once they are used up.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn hash(&mut self) -> fabstir_hash {
        let mut hash = fabstir_hash::default();
        hash.bytes[31] = self.byte();
        hash.bytes[0] = self.byte();
        hash
    }

    fn amount(&mut self) -> fabstir_amount {
        fabstir_amount { bytes: self.hash().bytes }
    }

    fn number(&mut self) -> u64 {
        u64::from(self.byte()) << (self.byte() % 57)
    }

    fn usage(&mut self) -> fabstir_usage {
        fabstir_usage { input: self.number(), output: self.number() }
    }

    /// Up to 63 bytes of what is left.
    fn bytes(&mut self) -> Vec<u8> {
        let len = usize::from(self.byte() % 64);
        (0..len).map(|_| self.byte()).collect()
    }

    /// A pointer to the value or, one time in eight, NULL.
    fn pointer<T>(&mut self, value: &T) -> *const T {
        if self.byte() % 8 == 7 { ptr::null() } else { value }
    }

    fn place<T>(&mut self, value: &mut T) -> *mut T {
        if self.byte() % 8 == 7 { ptr::null_mut() } else { value }
    }
}

/// The handles in play.
struct Machine {
    keys: [*mut fabstir_key; SLOTS],
    transcripts: [*mut fabstir_transcript; SLOTS],
    escrows: [*mut fabstir_escrow; SLOTS],
    sessions: [*mut fabstir_renter_session; SLOTS],
}

impl Machine {
    fn new() -> Self {
        Self {
            keys: [ptr::null_mut(); SLOTS],
            transcripts: [ptr::null_mut(); SLOTS],
            escrows: [ptr::null_mut(); SLOTS],
            sessions: [ptr::null_mut(); SLOTS],
        }
    }

    fn key(&mut self, c: &mut Choices<'_>) -> fabstir_status {
        let at = usize::from(c.byte()) % SLOTS;
        let (hash, mut signature) = (c.hash(), fabstir_signature { bytes: [0; 65] });
        let (mut address, mut out) = (fabstir_address::default(), ptr::null_mut());
        // SAFETY: every pointer is NULL or of a value that lives through the call.
        unsafe {
            match c.byte() % 6 {
                0 => {
                    let status = fabstir_key_new(c.pointer(&hash), &mut out);
                    self.keep_key(at, out);
                    status
                }
                1 => fabstir_key_sign(self.keys[at], c.pointer(&hash), c.place(&mut signature)),
                2 => fabstir_key_address(self.keys[at], c.place(&mut address)),
                // A handle of another kind.
                3 => fabstir_key_address(self.transcripts[at].cast(), c.place(&mut address)),
                4 => fabstir_signature_recover(c.pointer(&hash), &signature, c.place(&mut address)),
                _ => {
                    // Not forgotten: later calls use a stale handle.
                    fabstir_key_free(self.keys[at]);
                    fabstir_status::Ok
                }
            }
        }
    }

    fn keep_key(&mut self, at: usize, key: *mut fabstir_key) {
        if !key.is_null() {
            fabstir_key_free(self.keys[at]);
            self.keys[at] = key;
        }
    }

    fn transcript(&mut self, c: &mut Choices<'_>) -> fabstir_status {
        let at = usize::from(c.byte()) % SLOTS;
        let (hash, tokens) = (c.hash(), [u32::from(c.byte()); 80]);
        let (it, count) = (self.transcripts[at], usize::from(c.byte()) % 80);
        let (mut root, mut leaves) = (fabstir_checkpoint_root::default(), [fabstir_leaf::default(); 8]);
        let (mut turn, mut leaf_count, mut standing) = (0, 0, fabstir_transcript_standing::default());
        let mut out = ptr::null_mut();
        // SAFETY: as above; lengths are not above what is there.
        unsafe {
            match c.byte() % 9 {
                0 => {
                    let status = fabstir_transcript_new(c.pointer(&hash), &hash, c.pointer(&hash), &mut out);
                    if !out.is_null() {
                        fabstir_transcript_free(it);
                        self.transcripts[at] = out;
                    }
                    status
                }
                1 => fabstir_transcript_begin_turn(it, c.place(&mut turn)),
                2 => fabstir_transcript_feed(it, tokens.as_ptr(), count, c.pointer(&hash)),
                3 => fabstir_transcript_sample(it, tokens[0]),
                4 => fabstir_transcript_reread(it, tokens.as_ptr(), count),
                5 => fabstir_transcript_edit(it, c.number(), c.number()),
                6 => {
                    let (prints, capacity) = ([hash; 4], usize::from(c.byte()) % 9);
                    let counted = c.place(&mut leaf_count);
                    let few = usize::from(c.byte()) % 5;
                    let leaves = leaves.as_mut_ptr();
                    fabstir_transcript_checkpoint(it, prints.as_ptr(), few, leaves, capacity, counted, &mut root)
                }
                7 => fabstir_transcript_state(it, c.place(&mut standing)),
                _ => {
                    fabstir_transcript_free(it);
                    fabstir_status::Ok
                }
            }
        }
    }

    fn escrow(&mut self, c: &mut Choices<'_>) -> fabstir_status {
        let at = usize::from(c.byte()) % SLOTS;
        let mut out = ptr::null_mut();
        // SAFETY: as above.
        unsafe {
            match c.byte() % 4 {
                0 => {
                    let (opening, market) = opening(c);
                    let status = fabstir_escrow_open(&opening, c.pointer(&market), 1_000, &mut out);
                    if !out.is_null() {
                        fabstir_escrow_free(self.escrows[at]);
                        self.escrows[at] = out;
                    }
                    status
                }
                1 | 2 => {
                    let mut effects = fabstir_effects::default();
                    let event = escrow_event(c);
                    fabstir_escrow_apply(self.escrows[at], c.pointer(&event), c.number(), &mut effects)
                }
                _ => {
                    let mut books = fabstir_escrow_books::default();
                    let status = fabstir_escrow_state(self.escrows[at], &mut books);
                    if c.byte().is_multiple_of(4) {
                        fabstir_escrow_free(self.escrows[at]);
                    }
                    status
                }
            }
        }
    }

    fn session(&mut self, c: &mut Choices<'_>) -> fabstir_status {
        let at = usize::from(c.byte()) % SLOTS;
        let (bytes, it) = (c.bytes(), self.sessions[at]);
        let (mut frame, mut record) = (fabstir_bytes { data: ptr::null_mut(), len: 0 }, 0);
        let mut text = fabstir_string { data: ptr::null_mut(), len: 0 };
        // SAFETY: as above; what is handed out is freed.
        unsafe {
            let status = match c.byte() % 8 {
                0 => self.open_session(at, c),
                1 => fabstir_renter_session_connect(it),
                2 => fabstir_renter_session_send(it, &mut frame),
                3 => {
                    let mut event = std::mem::MaybeUninit::<fabstir_event>::uninit();
                    let (data, len) = (bytes.as_ptr(), bytes.len());
                    let status = fabstir_renter_session_receive(it, data, len, &mut record, event.as_mut_ptr());
                    if status == fabstir_status::Ok {
                        fabstir_string_free(&mut event.assume_init().text);
                    }
                    status
                }
                4 => fabstir_renter_session_prompt(it, bytes.as_ptr().cast(), bytes.len(), ptr::null(), 0),
                5 => fabstir_renter_session_snapshot(it, &mut frame),
                6 => fabstir_renter_session_messages(it, c.place(&mut text)),
                _ => {
                    fabstir_renter_session_free(it);
                    fabstir_status::Ok
                }
            };
            fabstir_bytes_free(&mut frame);
            fabstir_string_free(&mut text);
            status
        }
    }

    /// A session that is sound but for what chance does to it.
    ///
    /// # Safety
    ///
    /// None is asked of the caller; the C functions are told nothing but live values.
    unsafe fn open_session(&mut self, at: usize, c: &mut Choices<'_>) -> fabstir_status {
        let mut out = ptr::null_mut();
        let (domain, hash) = (fabstir_domain::default(), c.hash());
        let mut terms = opening(c).0.terms;
        let key = self.keys[usize::from(c.byte()) % SLOTS];
        // SAFETY: live values.
        unsafe {
            fabstir_key_address(key, &mut terms.voucher_signer);
            let deposit = c.amount();
            let format = u32::from(c.byte() % 3);
            let status = fabstir_renter_session_new(&domain, &terms, &deposit, key, &hash, format, &mut out);
            if !out.is_null() {
                fabstir_renter_session_free(self.sessions[at]);
                self.sessions[at] = out;
            }
            status
        }
    }

    fn free_all(self) {
        self.keys.into_iter().for_each(|key| fabstir_key_free(key));
        self.transcripts.into_iter().for_each(|transcript| fabstir_transcript_free(transcript));
        self.escrows.into_iter().for_each(|escrow| fabstir_escrow_free(escrow));
        self.sessions.into_iter().for_each(|session| fabstir_renter_session_free(session));
    }
}

/// An opening that is good unless chance has it otherwise.
fn opening(c: &mut Choices<'_>) -> (fabstir_opening, fabstir_market) {
    let one = fabstir_address { bytes: [1; 20] };
    let (mut opening, mut market) = (fabstir_opening::default(), fabstir_market::default());
    opening.terms.renter = one;
    opening.terms.host = one;
    opening.terms.host_signer = one;
    opening.terms.voucher_signer = one;
    opening.terms.output_price.bytes[31] = 1;
    opening.terms.input_price.bytes[usize::from(c.byte()) % 32] = c.byte();
    opening.terms.expires_at = 2_000;
    opening.terms.grace = 900;
    opening.terms.fee_bps = 1_500;
    opening.caller = one;
    opening.funding = u32::from(c.byte() % 4);
    opening.deadline = u64::from(c.byte()) * 8;
    opening.has_quote = c.byte() % 3;
    opening.quote_valid_until = u64::from(c.byte()) * 8;
    opening.deposit.bytes[30] = c.byte();
    market.signer = one;
    market.proof_system = one;
    market.fee_bps = 1_500;
    market.floors.output.bytes[31] = 1;
    market.max_deposit.bytes[29] = 1;
    (opening, market)
}

fn escrow_event(c: &mut Choices<'_>) -> fabstir_escrow_event {
    fabstir_escrow_event {
        kind: u32::from(c.byte() % 12),
        caller: fabstir_address { bytes: [c.byte() % 2; 20] },
        usage: c.usage(),
        has_voucher: c.byte() % 3,
        voucher: c.usage(),
        has_request: c.byte() % 3,
        deadline: c.number(),
        amount: c.amount(),
        hours: c.byte().into(),
        max_deposit: c.amount(),
    }
}

/// What needs no handle.
fn pure(c: &mut Choices<'_>) -> fabstir_status {
    let (bytes, hash) = (c.bytes(), c.hash());
    let (text, len) = (bytes.as_ptr().cast(), bytes.len());
    let (mut amount, mut out) = (fabstir_amount::default(), fabstir_bytes { data: ptr::null_mut(), len: 0 });
    let (mut buffer, mut written, mut found) = ([0; 16], 0, fabstir_hash::default());
    let mut shown = fabstir_string { data: ptr::null_mut(), len: 0 };
    let market = "SessionMarket";
    let (name, name_len) = (market.as_ptr().cast(), market.len());
    // SAFETY: every pointer is NULL or of a value that lives through the call, every length what is there.
    unsafe {
        let status = match c.byte() % 9 {
            0 => fabstir_amount_parse(text, len, c.byte(), c.place(&mut amount)),
            1 => fabstir_amount_format(
                &c.amount(),
                c.byte(),
                buffer.as_mut_ptr(),
                usize::from(c.byte()) % 17,
                c.place(&mut written),
            ),
            2 => fabstir_wire_convert(
                u32::from(c.byte() % 3),
                u32::from(c.byte() % 3),
                bytes.as_ptr(),
                len,
                u32::from(c.byte() % 3),
                &mut out,
            ),
            3 => fabstir_seed_link(&hash, u32::from(c.byte()), u32::from(c.byte()), c.place(&mut found)),
            4 => fabstir_record_encode(text, len, c.place(&mut found), &mut out),
            5 => fabstir_abi_decode_error(name, name_len, bytes.as_ptr(), len, &mut shown),
            6 => fabstir_abi_encode_call(name, name_len, c"topUp".as_ptr(), 5, text, len, &mut out),
            7 => fabstir_abi_decode_event(name, name_len, &hash, 1, bytes.as_ptr(), len, &mut shown),
            _ => fabstir_last_error(buffer.as_mut_ptr(), usize::from(c.byte()) % 17, &mut written),
        };
        fabstir_bytes_free(&mut out);
        fabstir_string_free(&mut shown);
        status
    }
}

/// Plays the calls that the bytes say.
///
/// # Panics
///
/// If a call panicked, or failed for a reason of ours.
pub(crate) fn play(bytes: &[u8]) {
    let (mut machine, mut choices) = (Machine::new(), Choices(bytes));
    while !choices.0.is_empty() {
        let kind = choices.byte() % 5;
        let status = match kind {
            0 => machine.key(&mut choices),
            1 => machine.transcript(&mut choices),
            2 => machine.escrow(&mut choices),
            3 => machine.session(&mut choices),
            _ => pure(&mut choices),
        };
        assert!(!matches!(status, fabstir_status::Panic | fabstir_status::Internal), "{status:?} from kind {kind}");
        assert!(!fabstir_status_name(status.number()).is_null());
    }
    machine.free_all();
}
