// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title INodeRegistry
/// @notice Hosts, their stake, where they are reached, and what they charge for which model.
/// @dev Prices are token base units per 1,000,000 LLM tokens; the token zero is the chain's coin. Stake is FAB base units.
/// A host is its registering address; it stays cold, and a hot key, its signer, signs for it. Signers need not be unique:
/// every signed message names its session, and the session its host. Nor is a signer asked for consent, since naming
/// another's key only makes a host unable to sign. Capabilities and regions are claims of the host that nobody checks.
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

    /// @notice What a host says that it can do, for others to search by.
    struct Advertisement {
        bytes32 region; // zero: none; by custom ASCII, "eu-west", padded with zeros
        uint16 gpuMemory; // GB
        bytes32[] capabilities; // at most 16; by custom ASCII, "vision", "embeddings", "gpu:h200"
    }

    /// @notice How hard a host may be slashed. One slot.
    struct SlashRules {
        uint16 maxBps; // of the stake, in one decision
        uint32 interval; // seconds between two decisions about a host
        uint96 floor; // a host with less stake than this is made to leave
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
    /// @notice What the host advertised before is replaced.
    event NodeAdvertised(address indexed host, bytes32 indexed region, uint16 gpuMemory, bytes32[] capabilities);
    /// @notice Stake was burned; `stake` is left. `NodeUnregistered` follows if that is too little to stay.
    event NodeSlashed(address indexed host, uint256 amount, uint256 stake, bytes32 reason);
    /// @notice The host lets this account register it; zero for none.
    event ControllerApproved(address indexed host, address indexed controller);
    /// @notice A controller registered the host; it now has `nodes` active ones.
    event NodeControlled(address indexed host, address indexed controller, uint256 nodes);
    /// @notice An account may slash, or no longer.
    event SlasherSet(address indexed slasher, bool allowed);
    /// @notice How hard hosts may be slashed from now on.
    event SlashRulesSet(SlashRules rules);
    /// @notice From how many active hosts on a controller is suspicious.
    event SuspicionThresholdSet(uint32 hosts);

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
    /// @notice A value outside its bounds.
    error NodeRegistry_OutOfRange(uint256 value, uint256 min, uint256 max);
    /// @notice No offer of this model in this token.
    error NodeRegistry_NoOffer(bytes32 modelId, address token);
    /// @notice The caller may not do this.
    error NodeRegistry_Unauthorized(address caller);
    /// @notice The host's stake is its controller's (zero: its own), who must do this.
    error NodeRegistry_Controlled(address host, address controller);
    /// @notice The host was slashed a short while ago.
    error NodeRegistry_SlashTooSoon(address host, uint256 notBefore);
    /// @notice The same capability twice in one list.
    error NodeRegistry_DuplicateCapability(bytes32 capability);

    /* REGISTRATION */

    /// @notice Joins with the minimum stake, taken from the caller's FAB allowance. A host that left may join again: what
    /// is still unbonding counts towards the stake and stops unbonding, and offers and advertisement must be set anew.
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

    /// @notice `register` for a host that approved the caller as its controller. The stake is the caller's: taken from its
    /// allowance, paid back to it alone. Whatever else hosts do this one does itself, leaving included.
    function registerControlled(
        address host,
        address signer,
        string calldata apiUrl,
        string calldata metadata,
        bytes calldata publicKey,
        ModelPrice[] calldata prices
    ) external;

    /// @notice Lets `controller` register the caller; zero lets nobody. Changes nothing about a registration there is.
    function approveController(address controller) external;

    /// @notice Replaces signer, URL, metadata and public key.
    function update(address signer, string calldata apiUrl, string calldata metadata, bytes calldata publicKey) external;

    /// @notice Replaces what the caller advertises.
    /// @param region Zero for none.
    /// @param gpuMemory GB.
    /// @param capabilities At most 16, none twice.
    function advertise(bytes32 region, uint16 gpuMemory, bytes32[] calldata capabilities) external;

    /// @notice Sets price floors, adding models not offered before. A host has at most 64 offers.
    function setPrices(ModelPrice[] calldata prices) external;

    /// @notice Withdraws the offer of a model in a token.
    function removePrice(bytes32 modelId, address token) external;

    /// @notice Adds to the caller's stake; a controlled host thereby gives to its controller.
    function addStake(uint256 amount) external;

    /// @notice Leaves: inactive at once, stake back after unbonding.
    function unregister() external;

    /// @notice Pays the stake back once unbonding is over.
    function withdrawStake(address to) external;

    /// @notice `unregister` for the caller's controlled host.
    function unregisterControlled(address host) external;

    /// @notice `withdrawStake` for the caller's controlled host, which is its own from then on.
    function withdrawControlledStake(address host, address to) external;

    /* SLASHING */

    /// @notice Burns part of a host's stake, active or unbonding, until the moment it is paid out. A host left with less
    /// than the floor leaves. Caller: a slasher.
    /// @param amount 1 to `slashRules().maxBps` of the stake.
    /// @param reason The slasher's own: what the decision rests on.
    function slash(address host, uint256 amount, bytes32 reason) external;

    /* GOVERNANCE: within bounds that protect hosts */

    /// @notice Lets an account slash, or no longer.
    function setSlasher(address slasher, bool allowed) external;

    /// @notice Replaces the rules: `maxBps` 1 to 5,000, `interval` 1 hour to 30 days, `floor` at most the minimum stake.
    function setSlashRules(SlashRules calldata rules) external;

    /// @notice From how many active hosts on a controller is suspicious: 2 to 1,000.
    function setSuspicionThreshold(uint32 hosts) external;

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

    /// @notice Active hosts advertising a capability, paged, in no particular order.
    function nodesByCapability(bytes32 capability, uint256 offset, uint256 limit)
        external
        view
        returns (address[] memory);

    /// @notice Active hosts in a region, paged, in no particular order.
    function nodesByRegion(bytes32 region, uint256 offset, uint256 limit) external view returns (address[] memory);

    /// @notice Active hosts of a controller, paged, in no particular order.
    function nodesByController(address controller, uint256 offset, uint256 limit)
        external
        view
        returns (address[] memory);

    /// @notice What a host advertises. All zero if it leaves.
    function advertisementOf(address host) external view returns (Advertisement memory);

    /// @notice The GPU memory a host advertises, in GB; zero once it leaves.
    function gpuMemoryOf(address host) external view returns (uint16);

    /// @notice Whose stake the host has, until it is paid back; zero for its own.
    function controllerOf(address host) external view returns (address);

    /// @notice Who may register the host as its controller; zero for nobody.
    function approvedController(address host) external view returns (address);

    /// @notice Whether this controller has so many active hosts that they should not count as many.
    function isSuspiciousController(address controller) external view returns (bool);

    /// @notice From how many active hosts on a controller is suspicious.
    function suspicionThreshold() external view returns (uint32);

    /// @notice Whether the account may slash.
    function isSlasher(address account) external view returns (bool);

    /// @notice How hard hosts may be slashed.
    function slashRules() external view returns (SlashRules memory);

    /// @notice Stake a host must put up.
    function minStake() external view returns (uint256);

    /// @notice Seconds from leaving to payout.
    function unbondingPeriod() external view returns (uint64);

    /// @notice Longest metadata, in bytes.
    function maxMetadata() external view returns (uint256);

    /// @notice The token staked.
    function fab() external view returns (address);
}
