//! Web3 Secret Storage, version 3: one key under a passphrase, the format of geth, Foundry and hardware-less wallets.
//!
//! Written out here because what reads and writes it elsewhere derives keys at a 32nd of the usual cost and takes
//! whatever cost a file asks for.

use crate::error::{CliError, Result};
use aes::cipher::{KeyIvInit, StreamCipher};
use alloy_primitives::{Address, hex, keccak256};
use fabstir_core::{Code, signature::SigningKey};
use rand::{TryRngCore, rngs::OsRng};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

type Aes128Ctr = ctr::Ctr128BE<aes::Aes128>;

/// scrypt's cost, as geth has it: about a second and 256 MiB.
const LOG_N: u8 = 18;
const R: u32 = 8;
const P: u32 = 1;
/// Most memory that a file may make us use: 1 GiB.
const MAX_MEMORY: u64 = 1 << 30;
/// Most scrypt work a file may ask for, as N * r * p.
const MAX_WORK: u64 = 1 << 26;
/// Most PBKDF2 rounds.
const MAX_ROUNDS: u32 = 50_000_000;
const CIPHER: &str = "aes-128-ctr";

/// A keystore file. Fields that others add are ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Keystore {
    /// Without 0x, as geth writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(alias = "Crypto")]
    crypto: Crypto,
    id: String,
    version: u8,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Crypto {
    cipher: String,
    ciphertext: String,
    cipherparams: CipherParams,
    kdf: String,
    kdfparams: KdfParams,
    mac: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CipherParams {
    iv: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum KdfParams {
    Scrypt { dklen: usize, n: u64, p: u32, r: u32, salt: String },
    Pbkdf2 { c: u32, dklen: usize, prf: String, salt: String },
}

impl Keystore {
    /// Encrypts a key.
    ///
    /// # Errors
    ///
    /// `keystore` if the system has no randomness.
    pub(crate) fn encrypt(key: &SigningKey, passphrase: &str) -> Result<Self> {
        let (salt, iv, id): ([u8; 32], [u8; 16], [u8; 16]) = (random()?, random()?, random()?);
        let kdfparams = KdfParams::Scrypt { dklen: 32, n: 1 << LOG_N, p: P, r: R, salt: hex::encode(salt) };
        let derived = kdfparams.derive(passphrase)?;
        let mut ciphertext = Zeroizing::new(*key.expose_secret());
        apply_cipher(&derived, &iv, ciphertext.as_mut_slice())?;
        let crypto = Crypto {
            cipher: CIPHER.into(),
            ciphertext: hex::encode(ciphertext.as_slice()),
            cipherparams: CipherParams { iv: hex::encode(iv) },
            kdf: "scrypt".into(),
            kdfparams,
            mac: hex::encode(mac(&derived, ciphertext.as_slice())),
        };
        Ok(Self { address: Some(hex::encode(key.address())), crypto, id: uuid(id), version: 3 })
    }

    /// Decrypts the key.
    ///
    /// # Errors
    ///
    /// `keystore`: a wrong passphrase, or a file that cannot be used, saying which.
    pub(crate) fn decrypt(&self, passphrase: &str) -> Result<SigningKey> {
        if self.version != 3 || self.crypto.cipher != CIPHER {
            return Err(unusable(&format!("version {} with cipher {}", self.version, self.crypto.cipher)));
        }
        let iv = bytes::<16>("iv", &self.crypto.cipherparams.iv)?;
        let mut secret = Zeroizing::new(bytes::<32>("ciphertext", &self.crypto.ciphertext)?);
        let expected = bytes::<32>("mac", &self.crypto.mac)?;
        let derived = self.crypto.kdfparams.derive(passphrase)?;
        if mac(&derived, secret.as_slice()) != expected {
            return Err(CliError::new(Code::Keystore, "the passphrase is wrong").hint("try again"));
        }
        apply_cipher(&derived, &iv, secret.as_mut_slice())?;
        let key = SigningKey::from_bytes(&secret).map_err(|error| unusable(&error.to_string()))?;
        match self.address() {
            Some(address) if address != key.address() => Err(unusable("its address is not its key's")),
            _ => Ok(key),
        }
    }

    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// `keystore` if it is none.
    pub(crate) fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| unusable(&error.to_string()))
    }

    /// As a file has it.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub(crate) fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|error| CliError::new(Code::Internal, error.to_string()))
    }

    /// The address that the file claims; a few writers leave it out.
    pub(crate) fn address(&self) -> Option<Address> {
        self.address.as_deref().and_then(|text| text.parse().ok())
    }
}

impl KdfParams {
    /// The key that the passphrase becomes: 16 bytes to encrypt with, 16 to authenticate with.
    fn derive(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>> {
        let mut derived = Zeroizing::new([0u8; 32]);
        match self {
            Self::Scrypt { dklen: 32, n, p, r, salt } => {
                let salt = hex::decode(salt).map_err(|_| unusable("its salt is not hexadecimal"))?;
                let memory = n.saturating_mul(u64::from(*r)).saturating_mul(128);
                let work = n.saturating_mul(u64::from(*r)).saturating_mul(u64::from(*p));
                if !n.is_power_of_two() || memory > MAX_MEMORY || work > MAX_WORK {
                    return Err(unusable(&format!("scrypt with n {n}, r {r}, p {p}")));
                }
                let log_n = u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX);
                let params = scrypt::Params::new(log_n, *r, *p, 32).map_err(|error| unusable(&error.to_string()))?;
                scrypt::scrypt(passphrase.as_bytes(), &salt, &params, derived.as_mut_slice())
                    .map_err(|error| unusable(&error.to_string()))?;
            }
            Self::Pbkdf2 { c, dklen: 32, prf, salt } if prf == "hmac-sha256" && (1..=MAX_ROUNDS).contains(c) => {
                let salt = hex::decode(salt).map_err(|_| unusable("its salt is not hexadecimal"))?;
                pbkdf2::pbkdf2_hmac::<sha2::Sha256>(passphrase.as_bytes(), &salt, *c, derived.as_mut_slice());
            }
            other => return Err(unusable(&format!("key derivation {other:?}"))),
        }
        Ok(derived)
    }
}

fn apply_cipher(derived: &[u8; 32], iv: &[u8; 16], data: &mut [u8]) -> Result {
    let mut cipher = Aes128Ctr::new_from_slices(&derived[..16], iv).map_err(|error| unusable(&error.to_string()))?;
    cipher.apply_keystream(data);
    Ok(())
}

fn mac(derived: &[u8; 32], ciphertext: &[u8]) -> [u8; 32] {
    keccak256([&derived[16..], ciphertext].concat()).0
}

fn bytes<const N: usize>(what: &str, text: &str) -> Result<[u8; N]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = [0u8; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| unusable(&format!("its {what} is not {N} bytes")))?;
    Ok(bytes)
}

/// Bytes from the system's generator.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0u8; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| CliError::new(Code::Keystore, format!("no randomness: {error}")))?;
    Ok(bytes)
}

/// A random (version 4) UUID.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex::encode(bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

fn unusable(reason: &str) -> CliError {
    CliError::new(Code::Keystore, format!("not a keystore that can be used: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another program's file, and the format definition's example of PBKDF2, both under "testpassword". (Its example of
    /// scrypt has a cost that scrypt itself does not allow with r = 1.)
    const SCRYPT: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"8dba6318205d2ea42ecbc89ef1629906"},
        "ciphertext":"24a862f36f33d6ccbd6d46b68334368a1ae2843b4229cc23e3397e3623099e4a","kdf":"scrypt","kdfparams":
        {"dklen":32,"n":8192,"p":1,"r":8,"salt":"9de728af7f0a259725087b8959b7766e67569dde04f1c84dcf909be75875d9d0"},
        "mac":"beb8c5f75bf0a62ebcae628b782c0e68cb3f8227053d8c345078f31671ad2f0e"},
        "id":"0076c396-1457-4e30-b843-c30902a5a82b","version":3}"#;
    const PBKDF2: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":
        {"c":262144,"dklen":32,"prf":"hmac-sha256",
        "salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
        "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
        "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    const SECRET: [u8; 32] = hex!("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d");

    #[test]
    fn files_of_other_programs_open() {
        for text in [SCRYPT, PBKDF2] {
            let key = Keystore::from_json(text).and_then(|store| store.decrypt("testpassword")).expect("opens");
            assert_eq!(key.expose_secret(), &SECRET);
        }
    }

    #[test]
    fn what_is_encrypted_is_decrypted_and_only_by_its_passphrase() {
        let key = SigningKey::from_bytes(&SECRET).expect("key");
        let text = Keystore::encrypt(&key, "correct horse battery").expect("encrypted").to_json().expect("JSON");
        assert!(!text.contains(&hex::encode(SECRET)));
        let store = Keystore::from_json(&text).expect("read back");
        assert_eq!(store.address(), Some(key.address()));
        assert_eq!(store.decrypt("correct horse battery").expect("opens").address(), key.address());
        let error = store.decrypt("correct horse batterz").expect_err("wrong passphrase");
        assert_eq!((error.code_name(), error.to_string().as_str()), ("keystore", "the passphrase is wrong"));
    }

    #[test]
    fn files_that_ask_for_too_much_or_are_foreign_are_refused_at_once() {
        for (from, to) in [
            ("\"n\":8192", "\"n\":1099511627776"),
            ("\"n\":8192", "\"n\":8191"),
            ("\"p\":1", "\"p\":4000000000"),
            ("aes-128-ctr", "rot13"),
            ("\"version\":3", "\"version\":1"),
            ("\"dklen\":32", "\"dklen\":16"),
            ("8dba6318", "8dba"),
        ] {
            let store = Keystore::from_json(&SCRYPT.replace(from, to)).expect("still JSON");
            let error = store.decrypt("testpassword").expect_err(to);
            assert!(error.to_string().starts_with("not a keystore"), "{to}: {error}");
        }
        assert_eq!(Keystore::from_json("{}").expect_err("empty").code_name(), "keystore");
        assert_eq!(Keystore::from_json("GGUF").expect_err("no JSON").code_name(), "keystore");
    }

    #[test]
    fn an_address_that_is_not_the_keys_is_noticed() {
        let text = SCRYPT.replacen('{', r#"{"address":"00000000000000000000000000000000000000aa","#, 1);
        let error = Keystore::from_json(&text).and_then(|store| store.decrypt("testpassword")).expect_err("foreign");
        assert!(error.to_string().contains("its address"), "{error}");
    }

    #[test]
    fn ids_are_version_4() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
