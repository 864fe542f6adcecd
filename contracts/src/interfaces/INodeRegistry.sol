// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title INodeRegistry
/// @notice Hosts, their stake, where they are reached, and what they charge for which model.
/// @dev Prices are token base units per 1,000,000 LLM tokens; the token zero is the chain's coin. Stake is FAB base units.
/// A host is its registering address; it stays cold, and a hot key, its signer, signs for it. Signers need not be unique:
/// every signed message names its session, and the session its host. Nor is a signer asked for consent, since naming
/// another's key only makes a host unable to sign.
interface INodeRegistry {
    /* TYPES */

    /// @notice What a host publishes about itself.
    struct NodeInfo {
        address signer; // hot key that signs for the host
        uint96 stake; // also while it unbonds
        uint64 unbondingUntil; // zero unless the host is leaving
        bool active;
        bytes publicKey; // 33 bytes, compressed secp256k1, for end-to-end encryption
        string apiUrl;
        string metadata; // at most 4 KB, free form (JSON by custom)
    }

    /// @notice A model's price floors in one token.
    struct ModelPrice {
        bytes32 modelId;
        address token;
        uint128 inputPrice;
        uint128 outputPrice; // above zero; zero marks a model that is not offered in the token
    }

    /* EVENTS */

    /// @notice A host joined.
    event NodeRegistered(address indexed host, address indexed signer, uint256 stake, string apiUrl, string metadata);
    /// @notice A host changed its description, URL, key or signer.
    event NodeUpdated(address indexed host, address indexed signer, bytes publicKey, string apiUrl, string metadata);
    /// @notice A price floor was set; both zero when the offer was withdrawn.
    event ModelPriceSet(
        address indexed host, bytes32 indexed modelId, address indexed token, uint128 inputPrice, uint128 outputPrice
    );
    /// @notice Stake was added.
    event StakeAdded(address indexed host, uint256 amount, uint256 stake);
    /// @notice The host is leaving: its offers are withdrawn, its stake can be from `unbondingUntil` on.
    event NodeUnregistered(address indexed host, uint64 unbondingUntil);
    /// @notice The stake was paid back.
    event StakeWithdrawn(address indexed host, address to, uint256 amount);

    /* ERRORS */

    /// @notice The host is already registered.
    error NodeRegistry_AlreadyRegistered(address host);
    /// @notice The host is not registered (or is leaving).
    error NodeRegistry_NotRegistered(address host);
    /// @notice Stake below the minimum.
    error NodeRegistry_StakeTooLow(uint256 stake, uint256 min);
    /// @notice Metadata or URL above its limit, or empty where it must not be.
    error NodeRegistry_BadLength(uint256 length, uint256 max);
    /// @notice The public key is not 33 bytes beginning 0x02 or 0x03.
    error NodeRegistry_BadPublicKey();
    /// @notice A model or price list is longer than allowed.
    error NodeRegistry_TooMany(uint256 length, uint256 max);
    /// @notice The same model and token twice in one list.
    error NodeRegistry_Duplicate(bytes32 modelId, address token);
    /// @notice An output price of zero.
    error NodeRegistry_ZeroPrice(bytes32 modelId);
    /// @notice An address that must be set is zero.
    error NodeRegistry_ZeroAddress();
    /// @notice Still unbonding.
    error NodeRegistry_Unbonding(uint256 until);
    /// @notice Nothing is unbonding: the host never left, or was paid out.
    error NodeRegistry_NotUnbonding(address host);
    /// @notice A constructor argument outside its bounds.
    error NodeRegistry_OutOfRange(uint256 value, uint256 min, uint256 max);
    /// @notice No offer of this model in this token.
    error NodeRegistry_NoOffer(bytes32 modelId, address token);

    /* REGISTRATION */

    /// @notice Joins with the minimum stake, taken from the caller's FAB allowance. A host that left may join again: what
    /// is still unbonding counts towards the stake and stops unbonding, and offers must be set anew.
    /// @param apiUrl 1 to 512 bytes.
    /// @param metadata At most `maxMetadata` bytes.
    /// @param publicKey 33 bytes, compressed; that it is on the curve is for clients to check.
    /// @param prices At most 64, none twice; may be empty.
    function register(
        address signer,
        string calldata apiUrl,
        string calldata metadata,
        bytes calldata publicKey,
        ModelPrice[] calldata prices
    ) external;

    /// @notice Replaces signer, URL, metadata and public key.
    function update(address signer, string calldata apiUrl, string calldata metadata, bytes calldata publicKey) external;

    /// @notice Sets price floors, adding models not offered before. A host has at most 64 offers.
    function setPrices(ModelPrice[] calldata prices) external;

    /// @notice Withdraws the offer of a model in a token.
    function removePrice(bytes32 modelId, address token) external;

    /// @notice Adds to the caller's stake.
    function addStake(uint256 amount) external;

    /// @notice Leaves: inactive at once, stake back after unbonding.
    function unregister() external;

    /// @notice Pays the stake back once unbonding is over.
    function withdrawStake(address to) external;

    /* VIEWS */

    /// @notice All that SessionMarket needs at an opening, in one call.
    /// @return signer The host's hot key; zero if the host is not active.
    /// @return inputPrice Floor for tokens fed.
    /// @return outputPrice Floor for tokens sampled; zero if the model is not offered in this token.
    function offerOf(address host, bytes32 modelId, address token)
        external
        view
        returns (address signer, uint128 inputPrice, uint128 outputPrice);

    /// @notice What a host publishes. All zero if never registered or if its stake was paid back.
    function nodeOf(address host) external view returns (NodeInfo memory);

    /// @notice The host's offers, paged, in no particular order; none once it leaves. A page has at most 256 entries, in
    /// this and the other paged views, and the order changes when entries go: read all pages at one block.
    function pricesOf(address host, uint256 offset, uint256 limit) external view returns (ModelPrice[] memory);

    /// @notice Number of active hosts.
    function nodeCount() external view returns (uint256);

    /// @notice Active hosts, paged, in no particular order.
    function nodes(uint256 offset, uint256 limit) external view returns (address[] memory);

    /// @notice Active hosts offering a model in any token, paged, in no particular order.
    function nodesByModel(bytes32 modelId, uint256 offset, uint256 limit) external view returns (address[] memory);

    /// @notice Stake a host must put up.
    function minStake() external view returns (uint256);

    /// @notice Seconds from leaving to payout.
    function unbondingPeriod() external view returns (uint64);

    /// @notice Longest metadata, in bytes.
    function maxMetadata() external view returns (uint256);

    /// @notice The token staked.
    function fab() external view returns (address);
}
