//! The core's [`Backend`] over llama.cpp.

use crate::{
    Error, LlamaConfig, Progress, Stats,
    engine::{Engine, Plan},
    generation::Place,
    model::{self, Loaded},
    template::ChatTemplate,
    vocabulary::Vocabulary,
};
use fabstir_core::{
    inference::{Backend, Canceller, Generation, GenerationRequest, ModelInfo, Seat, SequenceId, TokenId},
    wire::{Message, Role},
};
use std::{sync::Arc, time::Duration};

/// A model served by llama.cpp. Cheap to share behind an `Arc`; dropping it and all its generations ends its thread.
#[derive(Debug)]
pub struct LlamaBackend {
    engine: Arc<Engine>,
    vocabulary: Arc<Vocabulary>,
    template: ChatTemplate,
    info: ModelInfo,
    bounds: Bounds,
}

/// What a request must keep to.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    context_length: u32,
    vocabulary: u32,
}

/// A [`Place`], and what a request for it must keep to.
#[derive(Debug)]
struct LlamaSeat {
    place: Place,
    bounds: Bounds,
}

impl LlamaBackend {
    /// Loads a model and starts its thread.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for settings out of bounds, [`Error::Cpu`], [`Error::Missing`], [`Error::Corrupt`] or
    /// [`Error::Unsupported`] for a file that cannot be served, [`Error::Backend`] if there is no memory for its
    /// context.
    pub fn load(config: LlamaConfig) -> Result<Self, Error> {
        Self::load_with_progress(config, |_| {})
    }

    /// As [`LlamaBackend::load`], telling how far it has come.
    ///
    /// # Errors
    ///
    /// As [`LlamaBackend::load`].
    pub fn load_with_progress(config: LlamaConfig, progress: impl FnMut(Progress) + 'static) -> Result<Self, Error> {
        let loaded = model::load(&config, progress)?;
        let profile = model::profile(&config, &loaded);
        let Loaded { runtime, model, vocabulary, template, name, id, context_length } = loaded;
        let overhead = overhead(&template, &vocabulary, context_length)
            .map_err(|error| Error::unsupported(&config.path, error.to_string()))?;
        let plan = Plan {
            parameters: model::context_parameters(&config, context_length, id.size),
            context_length,
            sequences: config.sequences,
            prefill: config.prefill,
            read_ahead: config.read_ahead,
        };
        let engine = Arc::new(Engine::start(runtime, model, Arc::clone(&vocabulary), plan)?);
        let info = ModelInfo::new(name, id, profile, context_length, overhead);
        let bounds = Bounds { context_length, vocabulary: vocabulary.len() };
        Ok(Self { engine, vocabulary, template, info, bounds })
    }

    /// What has been computed so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }

    /// The text of tokens, special ones left out; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn detokenize(&self, tokens: &[TokenId]) -> String {
        let mut bytes = Vec::new();
        for token in tokens {
            self.vocabulary.piece(*token, &mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether a token ends an answer.
    #[must_use]
    pub fn ends_answer(&self, token: TokenId) -> bool {
        self.vocabulary.ends(token)
    }
}

impl Bounds {
    fn check(self, request: &GenerationRequest) -> Result<(), fabstir_core::Error> {
        request.sampling.validate()?;
        let (length, limit) = (request.tokens.len(), self.context_length as usize);
        if length == 0 || request.known > length {
            return Err(Error::Request(format!("{} known of {length} tokens", request.known)).into());
        }
        if let Some(unknown) = request.tokens.iter().find(|token| **token >= self.vocabulary) {
            let size = self.vocabulary;
            return Err(Error::Request(format!("token {unknown} is outside a vocabulary of {size}")).into());
        }
        let new = length - request.known;
        if new >= limit {
            return Err(Error::PromptTooLong { needed: new, unit: "tokens", limit }.into());
        }
        if length >= limit {
            return Err(Error::ContextFull { known: request.known, new, limit }.into());
        }
        Ok(())
    }
}

impl Seat for LlamaSeat {
    fn cached(&self) -> usize {
        self.place.known()
    }

    fn generate(self: Box<Self>, request: GenerationRequest) -> Result<Box<dyn Generation>, fabstir_core::Error> {
        self.bounds.check(&request)?;
        if request.sequence != self.place.sequence() {
            return Err(Error::Request("the seat is another conversation's".into()).into());
        }
        Ok(Box::new(self.place.begin(request)?))
    }
}

impl Backend for LlamaBackend {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn render(
        &self,
        messages: &[Message],
        committed: usize,
        last_token: Option<TokenId>,
    ) -> Result<Vec<TokenId>, fabstir_core::Error> {
        let context = self.info.context_length;
        let tokens = render(&self.template, &self.vocabulary, context, messages, committed, last_token)?;
        if tokens.len() >= context as usize {
            let limit = context as usize;
            return Err(Error::PromptTooLong { needed: tokens.len(), unit: "tokens", limit }.into());
        }
        Ok(tokens)
    }

    fn reserve(
        &self,
        sequence: SequenceId,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<Box<dyn Seat>, fabstir_core::Error> {
        let place = Place::reserve(Arc::clone(&self.engine), sequence, patience, canceller)?;
        Ok(Box::new(LlamaSeat { place, bounds: self.bounds }))
    }

    fn generate(&self, request: GenerationRequest) -> Result<Box<dyn Generation>, fabstir_core::Error> {
        // Before anything makes room for it.
        self.bounds.check(&request)?;
        if !request.reread && self.cached(request.sequence) < request.known {
            return Err(Error::Evicted { tokens: request.known }.into());
        }
        self.reserve(request.sequence, Duration::ZERO, &Canceller::new())?.generate(request)
    }

    /// Counts tokens that were given or sampled even where their compute was cancelled: they are computed later without
    /// being asked for again.
    fn cached(&self, sequence: SequenceId) -> usize {
        self.engine.known(sequence)
    }

    fn forget(&self, sequence: SequenceId) {
        self.engine.forget(sequence);
    }
}

fn render(
    template: &ChatTemplate,
    vocabulary: &Vocabulary,
    context: u32,
    messages: &[Message],
    committed: usize,
    last_token: Option<TokenId>,
) -> Result<Vec<TokenId>, Error> {
    let mut tokens = vocabulary.tokenize(&template.continuation(messages, committed)?, context)?;
    let first = tokens.first().copied();
    if committed == 0 {
        if let Some(bos) = vocabulary.required_bos().filter(|bos| first != Some(*bos)) {
            tokens.insert(0, bos);
        }
    } else if first.is_some() && first == last_token.filter(|last| vocabulary.ends(*last)) {
        // The model closed its answer itself.
        tokens.remove(0);
    }
    Ok(tokens)
}

/// Most tokens the template adds around one message, measured at the start and in a later turn, beyond one token for
/// each byte of content.
fn overhead(template: &ChatTemplate, vocabulary: &Vocabulary, context: u32) -> Result<u32, Error> {
    let mut most = 0;
    for content in ["", "a", " a ", "\n", "1", "é"] {
        let say = |role| Message { role, content: content.to_owned() };
        let first = [say(Role::User)];
        let later = [say(Role::User), say(Role::Assistant), say(Role::User)];
        let with_system = [say(Role::System), say(Role::User)];
        let added = |messages: &[Message], committed| {
            let tokens = render(template, vocabulary, context, messages, committed, None)?;
            Ok::<_, Error>(tokens.len().saturating_sub(content.len() * (messages.len() - committed)))
        };
        most = most.max(added(&first, 0)?).max(added(&later, 2)?);
        // Two messages, which may cost twice as much; some templates refuse a system message.
        most = most.max(added(&with_system, 0).map_or(0, |tokens| tokens.div_ceil(2)));
    }
    Ok(u32::try_from(most).unwrap_or(u32::MAX))
}
