//! How ggml lays out its tensor types.

/// A tensor type's layout: `elements` of it take `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) elements: u64,
    pub(super) bytes: u64,
}

/// ggml's number for 32-bit floats.
pub(super) const F32: u32 = 0;

/// The layout of a type that weights can have, by ggml's number.
///
/// Not here: types that ggml removed, plain integers and doubles (its arithmetic asserts on them), and the two that
/// only ever hold intermediate results (Q8_1, Q8_K).
pub(super) const fn block(kind: u32) -> Option<Block> {
    let (elements, bytes) = match kind {
        F32 => (1, 4),
        1 | 30 => (1, 2),
        2 | 20 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 | 21 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        16 | 35 => (256, 66),
        17 => (256, 74),
        18 => (256, 98),
        19 => (256, 50),
        22 => (256, 82),
        23 => (256, 136),
        29 => (256, 56),
        34 => (256, 54),
        39 => (32, 17),
        40 => (64, 36),
        41 => (128, 18),
        42 => (64, 18),
        _ => return None,
    };
    Some(Block { elements, bytes })
}
