//! The loop on the thread that owns the context: continuous batching.
//!
//! Each step computes one batch: the newest token of every answer under way, and beside them prompt tokens of answers
//! that have not begun, few enough that a cancelled answer is noticed soon. Tokens that are given and tokens that were
//! sampled are the same thing here: a slot knows its conversation's tokens and how many of them the cache holds, and
//! whatever the cache lacks is computed; when it lacks nothing more, the last one's logits give the next token.

use crate::{
    Error,
    answer::Answer,
    engine::{Begin, Plan, Shared},
    slots::{Slot, Slots},
    vocabulary::Vocabulary,
};
use fabstir_core::{inference::FinishReason, sampling::Sampler};
use llama_cpp_2::{context::LlamaContext, llama_batch::LlamaBatch, token::LlamaToken};
use std::{
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    thread,
};

pub(crate) struct Worker<'m> {
    context: LlamaContext<'m>,
    vocabulary: &'m Vocabulary,
    inbox: Receiver<Begin>,
    shared: Arc<Shared>,
    context_length: usize,
    prefill: usize,
    batch: LlamaBatch<'static>,
    /// By slot: llama.cpp computes neighbouring sequences together.
    answers: Vec<Answer>,
    sampler: Sampler,
    scratch: Vec<u8>,
}

impl<'m> Worker<'m> {
    pub(crate) fn new(
        context: LlamaContext<'m>,
        vocabulary: &'m Vocabulary,
        plan: &Plan,
        inbox: Receiver<Begin>,
        shared: Arc<Shared>,
    ) -> Self {
        let (sequences, prefill) = (plan.sequences as usize, plan.prefill as usize);
        Self {
            context,
            vocabulary,
            inbox,
            shared,
            context_length: plan.context_length as usize,
            prefill,
            batch: LlamaBatch::new(sequences + prefill, 1),
            answers: Vec::with_capacity(sequences),
            sampler: Sampler::new(),
            scratch: Vec::new(),
        }
    }

    pub(crate) fn run(mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            self.let_go();
            while let Ok(begin) = self.inbox.try_recv() {
                self.admit(begin);
            }
            self.fill_batch();
            if self.batch.n_tokens() == 0 {
                // Whoever changes that wakes us; a wake-up before this line is not lost.
                thread::park();
            } else {
                self.step();
            }
        }
    }

    /// Drops answers that are delivered or that nobody reads any more, and clears what the cache holds for nobody.
    fn let_go(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut seats = shared.seats.lock();
        self.answers.retain_mut(|answer| {
            answer.flush();
            let cancelled = !answer.ended() && !seats.slots.holds(answer.claim);
            shared.counters.cancelled.add(cancelled.into());
            !cancelled && !answer.delivered()
        });
        for (index, slot) in seats.slots.iter_mut() {
            if std::mem::take(&mut slot.stale) {
                self.remove(index, 0);
            }
        }
    }

    fn admit(&mut self, begin: Begin) {
        // An answer that was cancelled may have left this one its place, and stale cache behind.
        self.let_go();
        let Begin { request, prompt, claim, outlet } = begin;
        let shared = Arc::clone(&self.shared);
        let mut seats = shared.seats.lock();
        if !seats.slots.holds(claim) {
            return shared.counters.cancelled.add(1);
        }
        self.trim(claim.slot, seats.slots.get_mut(claim.slot));
        let room = u32::try_from(self.context_length.saturating_sub(prompt)).unwrap_or(u32::MAX);
        let left = request.max_tokens.min(room);
        let mut answer = Answer::new(request, claim, prompt, left, outlet);
        if answer.is_empty() {
            seats.release(claim);
            answer.end(FinishReason::Length);
            answer.flush();
        }
        let at = self.answers.partition_point(|other| other.claim.slot < claim.slot);
        self.answers.insert(at, answer);
    }

    /// Drops what the cache holds beyond the part that the conversation keeps.
    fn trim(&mut self, index: usize, slot: &mut Slot) {
        if slot.cached > 0 && self.remove(index, slot.cached) {
            return;
        }
        // Recurrent models cannot be rolled back: they compute everything again.
        self.remove(index, 0);
        slot.cached = 0;
    }

    fn remove(&mut self, slot: usize, from: usize) -> bool {
        let (Ok(sequence), Ok(from)) = (i32::try_from(slot), u32::try_from(from)) else { return false };
        self.context.clear_kv_cache_seq(u32::try_from(sequence).ok(), Some(from), None).unwrap_or(false)
    }

    fn fill_batch(&mut self) {
        let shared = Arc::clone(&self.shared);
        let seats = shared.seats.lock();
        self.batch.clear();
        for answer in &mut self.answers {
            answer.row = None;
            answer.batched = 0;
        }
        let mut budget = self.prefill;
        let mut waiting = 0;
        for index in 0..self.answers.len() {
            match self.lacking(index, &seats.slots) {
                0 => {}
                1 => self.add(index, 1, &seats.slots),
                _ => waiting += 1,
            }
        }
        for index in 0..self.answers.len() {
            let lacking = self.lacking(index, &seats.slots);
            if lacking > 1 {
                // What is left is shared evenly, so that a long prompt does not keep a short one waiting.
                let count = lacking.min(budget.div_ceil(waiting));
                self.add(index, count, &seats.slots);
                budget -= count;
                waiting -= 1;
            }
        }
    }

    /// How many of an answer's tokens the cache lacks and this batch could compute.
    fn lacking(&self, index: usize, slots: &Slots) -> usize {
        let answer = &self.answers[index];
        if !answer.runs() || !slots.holds(answer.claim) {
            return 0;
        }
        let slot = slots.get(answer.claim.slot);
        slot.tokens.len() - slot.cached
    }

    fn add(&mut self, index: usize, count: usize, slots: &Slots) {
        let answer = &mut self.answers[index];
        let slot = slots.get(answer.claim.slot);
        let Ok(sequence) = i32::try_from(answer.claim.slot) else { return };
        for at in slot.cached..slot.cached + count {
            let wants_logits = at + 1 == slot.tokens.len();
            let (Ok(token), Ok(position)) = (i32::try_from(slot.tokens[at]), i32::try_from(at)) else { return };
            if self.batch.add(LlamaToken(token), position, &[sequence], wants_logits).is_err() {
                return;
            }
            answer.batched += 1;
            if wants_logits {
                answer.row = Some(self.batch.n_tokens() - 1);
            }
        }
        let given = answer.prompt.saturating_sub(slot.cached).min(answer.batched);
        self.shared.counters.prefilled_tokens.add(given as u64);
    }

    fn step(&mut self) {
        self.shared.counters.steps.add(1);
        if let Err(error) = self.context.decode(&mut self.batch) {
            return self.fail_batch(&Error::Backend(error.to_string()));
        }
        {
            let mut seats = self.shared.seats.lock();
            for answer in &self.answers {
                seats.slots.computed(answer.claim, answer.batched);
            }
        }
        for index in 0..self.answers.len() {
            if let Some(row) = self.answers[index].row {
                self.sample(index, row);
            }
        }
    }

    fn sample(&mut self, index: usize, row: i32) {
        let answer = &mut self.answers[index];
        let logits = self.context.get_logits_ith(row);
        let token = match self.sampler.sample(logits, &answer.sampling, &answer.turn_seed, answer.length) {
            Ok(token) => token,
            Err(error) => return self.fail(index, Error::Backend(error.to_string())),
        };
        if !self.shared.seats.lock().slots.sampled(answer.claim, token) {
            return;
        }
        self.shared.counters.sampled_tokens.add(1);
        answer.take(token, self.vocabulary, &mut self.scratch);
        if answer.ended() {
            // Before its reader hears of the end: it may ask again at once.
            self.shared.seats.lock().release(answer.claim);
        }
        answer.flush();
    }

    /// What a failed batch left in the cache is unknown, so its conversations lose theirs.
    fn fail_batch(&mut self, error: &Error) {
        tracing::error!(%error, "a batch failed");
        for index in 0..self.answers.len() {
            if self.answers[index].batched > 0 {
                self.fail(index, error.clone());
            }
        }
    }

    fn fail(&mut self, index: usize, error: Error) {
        let answer = &mut self.answers[index];
        self.shared.seats.lock().spoil(answer.claim);
        answer.fail(error);
        answer.flush();
    }
}
