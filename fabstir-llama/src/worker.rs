//! The loop on the thread that owns the context: continuous batching.
//!
//! Each step computes one batch: the newest token of every answer under way, and beside them prompt tokens of answers
//! that have not begun, few enough that a cancelled answer is noticed soon. Tokens that are given and tokens that were
//! sampled are the same thing here: a slot knows its conversation's tokens and how many of them the cache holds, and
//! whatever the cache lacks is computed; when it lacks nothing more, the last one's logits give the next token.

use crate::{
    Error,
    answer::{Answer, Outlet},
    engine::{Command, Plan, Shared},
    slots::{Place, Slots},
    vocabulary::Vocabulary,
};
use fabstir_core::{
    inference::{FinishReason, GenerationRequest, SequenceId},
    sampling::Sampler,
};
use llama_cpp_2::{context::LlamaContext, llama_batch::LlamaBatch, token::LlamaToken};
use std::{
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    thread,
};

pub(crate) struct Worker<'m> {
    context: LlamaContext<'m>,
    vocabulary: &'m Vocabulary,
    inbox: Receiver<Command>,
    shared: Arc<Shared>,
    context_length: usize,
    prefill: usize,
    batch: LlamaBatch<'static>,
    slots: Slots,
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
        inbox: Receiver<Command>,
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
            slots: Slots::new(sequences),
            answers: Vec::with_capacity(sequences),
            sampler: Sampler::new(),
            scratch: Vec::new(),
        }
    }

    pub(crate) fn run(mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            self.let_go();
            while let Ok(command) = self.inbox.try_recv() {
                self.obey(command);
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

    /// Drops answers that are delivered or that nobody reads any more.
    fn let_go(&mut self) {
        for index in (0..self.answers.len()).rev() {
            self.answers[index].flush();
            if self.answers[index].gone() {
                let answer = self.answers.remove(index);
                if !answer.ended() {
                    self.shared.counters.cancelled.add(1);
                    self.release(answer.slot);
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Generate { request, outlet, reply } => {
                let outcome = self.admit(request, outlet);
                // If nobody waits for the reply, nobody reads the answer: its channel tells.
                drop(reply.send(outcome));
            }
            Command::Known { sequence, reply } => {
                let known = self.slots.find(sequence).map_or(0, |slot| self.slots.get(slot).tokens.len());
                // If nobody waits any more, nobody needs to know.
                let _ = reply.send(known);
            }
            Command::Forget(sequence) => self.forget(sequence),
        }
    }

    fn forget(&mut self, sequence: SequenceId) {
        let Some(slot) = self.slots.find(sequence) else { return };
        self.slots.get_mut(slot).forgotten = true;
        if !self.slots.get(slot).busy {
            self.release(slot);
        }
    }

    fn admit(&mut self, mut request: GenerationRequest, outlet: Outlet) -> Result<(), Error> {
        let prompt = request.tokens.len();
        let room = u32::try_from(self.context_length.saturating_sub(prompt)).unwrap_or(u32::MAX);
        let left = request.max_tokens.min(room);
        let tokens = std::mem::take(&mut request.tokens);
        // An answer whose reader has just gone may still hold the place.
        self.let_go();
        let place = self.slots.place(request.sequence, tokens, request.known, request.reread)?;
        self.shared.counters.answers.add(1);
        self.shared.counters.evictions.add(place.evicted.into());
        self.trim(place);
        let mut answer = Answer::new(&mut request, place.slot, prompt, left, outlet);
        if answer.is_empty() {
            answer.end(FinishReason::Length);
            self.release(place.slot);
        }
        let at = self.answers.partition_point(|other| other.slot < place.slot);
        self.answers.insert(at, answer);
        Ok(())
    }

    /// Drops what the cache holds beyond the part that the conversation keeps.
    fn trim(&mut self, place: Place) {
        if place.keep > 0 && self.remove(place.slot, place.keep) {
            return;
        }
        // Recurrent models cannot be rolled back: they compute everything again.
        self.remove(place.slot, 0);
        self.slots.get_mut(place.slot).cached = 0;
    }

    fn remove(&mut self, slot: usize, from: usize) -> bool {
        let (Ok(sequence), Ok(from)) = (i32::try_from(slot), u32::try_from(from)) else { return false };
        self.context.clear_kv_cache_seq(u32::try_from(sequence).ok(), Some(from), None).unwrap_or(false)
    }

    fn release(&mut self, slot: usize) {
        if self.slots.release(slot) {
            self.remove(slot, 0);
        }
    }

    fn fill_batch(&mut self) {
        self.batch.clear();
        for answer in &mut self.answers {
            answer.row = None;
            answer.batched = 0;
        }
        let mut budget = self.prefill;
        let mut waiting = 0;
        for index in 0..self.answers.len() {
            match self.lacking(index) {
                0 => {}
                1 => self.add(index, 1),
                _ => waiting += 1,
            }
        }
        for index in 0..self.answers.len() {
            let lacking = self.lacking(index);
            if lacking > 1 {
                // What is left is shared evenly, so that a long prompt does not keep a short one waiting.
                let count = lacking.min(budget.div_ceil(waiting));
                self.add(index, count);
                budget -= count;
                waiting -= 1;
            }
        }
    }

    /// How many of an answer's tokens the cache lacks and this batch could compute.
    fn lacking(&self, index: usize) -> usize {
        let answer = &self.answers[index];
        if !answer.runs() {
            return 0;
        }
        let slot = self.slots.get(answer.slot);
        slot.tokens.len() - slot.cached
    }

    fn add(&mut self, index: usize, count: usize) {
        let answer = &mut self.answers[index];
        let slot = self.slots.get(answer.slot);
        let Ok(sequence) = i32::try_from(answer.slot) else { return };
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
        for index in 0..self.answers.len() {
            let answer = &self.answers[index];
            self.slots.get_mut(answer.slot).cached += answer.batched;
            if let Some(row) = answer.row {
                self.sample(index, row);
            }
        }
    }

    fn sample(&mut self, index: usize, row: i32) {
        let answer = &mut self.answers[index];
        let slot = self.slots.get_mut(answer.slot);
        let position = slot.tokens.len() as u64;
        let logits = self.context.get_logits_ith(row);
        match self.sampler.sample(logits, &answer.sampling, &answer.turn_seed, position) {
            Ok(token) => {
                self.shared.counters.sampled_tokens.add(1);
                slot.tokens.push(token);
                answer.take(token, self.vocabulary, &mut self.scratch);
                if answer.ended() {
                    let slot = answer.slot;
                    self.release(slot);
                }
            }
            Err(error) => self.fail(index, Error::Backend(error.to_string())),
        }
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
        let slot = self.answers[index].slot;
        self.slots.get_mut(slot).forgotten = true;
        self.release(slot);
        self.answers[index].fail(error);
    }
}
