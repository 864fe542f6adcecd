//! A sum tree over leaves: its nodes carry the tokens they bill, so that a wrong sum can be shown from two children.

use super::Leaf;
use alloy_primitives::{B256, Keccak256};

const NODE: u8 = 1;
const ROOT: u8 = 2;

/// A node's sums and hash: `(input tokens, output tokens, hash)`.
pub type SumNode = (u64, u64, B256);

/// The parent of two nodes.
#[must_use]
pub fn node(left: SumNode, right: SumNode) -> SumNode {
    let mut hasher = Keccak256::new();
    hasher.update([NODE]);
    update(&mut hasher, left);
    update(&mut hasher, right);
    // Sums of counts that a session's own u64 totals bound.
    (left.0.saturating_add(right.0), left.1.saturating_add(right.1), hasher.finalize())
}

/// The root over a checkpoint's leaves; zero sums and hash under it if there are none. An odd node is promoted.
#[must_use]
pub fn root(leaves: &[Leaf]) -> B256 {
    let mut level: Vec<SumNode> =
        leaves.iter().map(|leaf| (leaf.input_tokens(), leaf.output_tokens(), leaf.hash())).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match *pair {
                [left, right] => node(left, right),
                _ => pair[0],
            })
            .collect();
    }
    let top = level.first().copied().unwrap_or((0, 0, B256::ZERO));
    let mut hasher = Keccak256::new();
    hasher.update([ROOT]);
    update(&mut hasher, top);
    hasher.finalize()
}

fn update(hasher: &mut Keccak256, (input, output, hash): SumNode) {
    hasher.update(input.to_be_bytes());
    hasher.update(output.to_be_bytes());
    hasher.update(hash);
}
