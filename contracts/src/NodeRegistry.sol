// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title NodeRegistry
/// @notice Hosts, their stake, where they are reached, and what they charge for which model.
/// @dev What belongs to one registration is keyed by the host and its generation, which counts up each time it registers:
/// leaving abandons the offers without clearing them, and none survives into the next registration. Only the indexes that
/// others read, the active hosts and the hosts of each model, are cleaned when a host leaves; at most 64 offers bound it.
contract NodeRegistry is INodeRegistry {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /* TYPES */

    struct Node {
        // One slot: all that `offerOf` needs besides the price.
        address signer;
        uint32 generation; // registrations so far
        uint48 unbondingUntil; // zero unless leaving
        bool active;
        // One slot.
        uint96 stake;
        uint32 position; // in `_nodes`, from 1; stale unless active
        // Not read by other contracts.
        bytes publicKey;
        string apiUrl;
        string metadata;
    }

    struct Price {
        uint128 input;
        uint128 output; // zero: no offer
    }

    struct Offer {
        bytes32 modelId;
        address token;
    }

    struct ModelEntry {
        uint32 position; // in `_nodesByModel`, from 1; zero if not in it
        uint32 offers; // tokens in which the host offers the model
    }

    /* CONSTANTS AND IMMUTABLES */

    /// @notice Most offers of one host; bounds the cost of leaving.
    uint256 public constant MAX_OFFERS = 64;
    /// @notice Most entries of one page.
    uint256 public constant MAX_PAGE = 256;
    /// @notice Longest API URL, in bytes.
    uint256 public constant MAX_URL = 512;

    /// @inheritdoc INodeRegistry
    address public immutable override fab;
    /// @inheritdoc INodeRegistry
    uint256 public immutable override minStake;
    /// @inheritdoc INodeRegistry
    uint64 public immutable override unbondingPeriod;
    /// @inheritdoc INodeRegistry
    uint256 public immutable override maxMetadata;

    /* STORAGE */

    mapping(address host => Node) private _node;
    address[] private _nodes; // active
    mapping(bytes32 modelId => address[]) private _nodesByModel; // active and offering it

    // By registration, see `_registrationKey` and `_offerKey`.
    mapping(bytes32 offerKey => Price) private _prices;
    mapping(bytes32 offerKey => uint256) private _offerPosition; // in `_offers`, from 1
    mapping(bytes32 registrationKey => Offer[]) private _offers;
    mapping(bytes32 registrationKey => mapping(bytes32 modelId => ModelEntry)) private _modelEntry;

    /* CONSTRUCTION */

    /// @param fab_ The token staked; must move exactly what it is asked to.
    /// @param minStake_ 1 to 100,000 FAB, in base units; 1,000 by default.
    /// @param unbondingPeriod_ 1 hour to 90 days, in seconds; 7 days by default.
    /// @param maxMetadata_ 256 bytes to 16 KiB; 4 KiB by default.
    constructor(address fab_, uint256 minStake_, uint64 unbondingPeriod_, uint256 maxMetadata_) {
        _requireNotZero(fab_);
        _requireInRange(minStake_, 1e18, 100_000e18);
        _requireInRange(unbondingPeriod_, 1 hours, 90 days);
        _requireInRange(maxMetadata_, 256, 16_384);
        (fab, minStake, unbondingPeriod, maxMetadata) = (fab_, minStake_, unbondingPeriod_, maxMetadata_);
    }

    /* REGISTRATION */

    /// @inheritdoc INodeRegistry
    function register(
        address signer,
        string calldata apiUrl,
        string calldata metadata,
        bytes calldata publicKey,
        ModelPrice[] calldata prices
    ) external override {
        Node storage node = _node[msg.sender];
        if (node.active) revert NodeRegistry_AlreadyRegistered(msg.sender);

        node.active = true;
        node.unbondingUntil = 0;
        node.generation += 1;
        _nodes.push(msg.sender);
        node.position = _nodes.length.toUint32();
        _describe(node, signer, apiUrl, metadata, publicKey);

        // Stake still here is at least the minimum, which never changes; nothing but `withdrawStake` takes from it.
        uint256 due = node.stake == 0 ? minStake : 0;
        node.stake += due.toUint96();
        emit NodeRegistered(msg.sender, signer, node.stake, apiUrl, metadata);
        _setPrices(node.generation, prices);
        if (due != 0) IERC20(fab).safeTransferFrom(msg.sender, address(this), due);
    }

    /// @inheritdoc INodeRegistry
    function update(address signer, string calldata apiUrl, string calldata metadata, bytes calldata publicKey)
        external
        override
    {
        _describe(_active(), signer, apiUrl, metadata, publicKey);
        emit NodeUpdated(msg.sender, signer, publicKey, apiUrl, metadata);
    }

    /// @inheritdoc INodeRegistry
    function setPrices(ModelPrice[] calldata prices) external override {
        _setPrices(_active().generation, prices);
    }

    /// @inheritdoc INodeRegistry
    function removePrice(bytes32 modelId, address token) external override {
        uint32 generation = _active().generation;
        bytes32 key = _offerKey(msg.sender, generation, modelId, token);
        uint256 position = _offerPosition[key];
        if (position == 0) revert NodeRegistry_NoOffer(modelId, token);

        bytes32 registration = _registrationKey(msg.sender, generation);
        Offer[] storage offers = _offers[registration];
        Offer memory last = offers[offers.length - 1];
        offers[position - 1] = last;
        _offerPosition[_offerKey(msg.sender, generation, last.modelId, last.token)] = position;
        offers.pop();
        delete _offerPosition[key]; // after the line above, which may have been about the same offer
        delete _prices[key];

        ModelEntry storage entry = _modelEntry[registration][modelId];
        entry.offers -= 1;
        if (entry.offers == 0) _removeFromModel(modelId, entry);
        emit ModelPriceSet(msg.sender, modelId, token, 0, 0);
    }

    /// @inheritdoc INodeRegistry
    function addStake(uint256 amount) external override {
        Node storage node = _active();
        uint96 stake = node.stake + amount.toUint96();
        node.stake = stake;
        emit StakeAdded(msg.sender, amount, stake);
        IERC20(fab).safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc INodeRegistry
    function unregister() external override {
        Node storage node = _active();
        uint48 until = (block.timestamp + unbondingPeriod).toUint48();
        node.active = false;
        node.unbondingUntil = until;
        _removeFromNodes(node);

        bytes32 registration = _registrationKey(msg.sender, node.generation);
        Offer[] storage offers = _offers[registration];
        uint256 length = offers.length;
        for (uint256 i = 0; i < length; i++) {
            bytes32 modelId = offers[i].modelId;
            ModelEntry storage entry = _modelEntry[registration][modelId];
            // A model offered in two tokens is met twice.
            if (entry.position != 0) _removeFromModel(modelId, entry);
        }
        emit NodeUnregistered(msg.sender, until);
    }

    /// @inheritdoc INodeRegistry
    function withdrawStake(address to) external override {
        _requireNotZero(to);
        Node storage node = _node[msg.sender];
        uint256 until = node.unbondingUntil;
        if (until == 0) revert NodeRegistry_NotUnbonding(msg.sender);
        if (block.timestamp < until) revert NodeRegistry_Unbonding(until);

        uint256 amount = node.stake;
        uint32 generation = node.generation;
        delete _node[msg.sender];
        _node[msg.sender].generation = generation; // outlives the registration, or old offers would come back
        emit StakeWithdrawn(msg.sender, to, amount);
        IERC20(fab).safeTransfer(to, amount);
    }

    /* VIEWS */

    /// @inheritdoc INodeRegistry
    function offerOf(address host, bytes32 modelId, address token)
        external
        view
        override
        returns (address signer, uint128 inputPrice, uint128 outputPrice)
    {
        Node storage node = _node[host];
        if (!node.active) return (address(0), 0, 0);
        Price storage price = _prices[_offerKey(host, node.generation, modelId, token)];
        return (node.signer, price.input, price.output);
    }

    /// @inheritdoc INodeRegistry
    function nodeOf(address host) external view override returns (NodeInfo memory) {
        Node storage node = _node[host];
        return NodeInfo({
            signer: node.signer,
            stake: node.stake,
            unbondingUntil: node.unbondingUntil,
            active: node.active,
            publicKey: node.publicKey,
            apiUrl: node.apiUrl,
            metadata: node.metadata
        });
    }

    /// @inheritdoc INodeRegistry
    function pricesOf(address host, uint256 offset, uint256 limit)
        external
        view
        override
        returns (ModelPrice[] memory page)
    {
        Node storage node = _node[host];
        if (!node.active) return page;
        uint32 generation = node.generation;
        Offer[] storage offers = _offers[_registrationKey(host, generation)];
        page = new ModelPrice[](_pageLength(offers.length, offset, limit));
        for (uint256 i = 0; i < page.length; i++) {
            Offer memory offer = offers[offset + i];
            Price memory price = _prices[_offerKey(host, generation, offer.modelId, offer.token)];
            page[i] = ModelPrice(offer.modelId, offer.token, price.input, price.output);
        }
    }

    /// @inheritdoc INodeRegistry
    function nodeCount() external view override returns (uint256) {
        return _nodes.length;
    }

    /// @inheritdoc INodeRegistry
    function nodes(uint256 offset, uint256 limit) external view override returns (address[] memory) {
        return _page(_nodes, offset, limit);
    }

    /// @inheritdoc INodeRegistry
    function nodesByModel(bytes32 modelId, uint256 offset, uint256 limit)
        external
        view
        override
        returns (address[] memory)
    {
        return _page(_nodesByModel[modelId], offset, limit);
    }

    /* INTERNAL: WRITING */

    /// @dev The caller's node, which must be active.
    function _active() private view returns (Node storage node) {
        node = _node[msg.sender];
        if (!node.active) revert NodeRegistry_NotRegistered(msg.sender);
    }

    function _describe(
        Node storage node,
        address signer,
        string calldata apiUrl,
        string calldata metadata,
        bytes calldata publicKey
    ) private {
        _requireNotZero(signer);
        uint256 urlLength = bytes(apiUrl).length;
        if (urlLength == 0 || urlLength > MAX_URL) revert NodeRegistry_BadLength(urlLength, MAX_URL);
        uint256 metadataLength = bytes(metadata).length;
        if (metadataLength > maxMetadata) revert NodeRegistry_BadLength(metadataLength, maxMetadata);
        if (publicKey.length != 33 || (publicKey[0] != 0x02 && publicKey[0] != 0x03)) {
            revert NodeRegistry_BadPublicKey();
        }
        node.signer = signer;
        node.apiUrl = apiUrl;
        node.metadata = metadata;
        node.publicKey = publicKey;
    }

    function _setPrices(uint32 generation, ModelPrice[] calldata prices) private {
        if (prices.length > MAX_OFFERS) revert NodeRegistry_TooMany(prices.length, MAX_OFFERS);
        bytes32 registration = _registrationKey(msg.sender, generation);
        for (uint256 i = 0; i < prices.length; i++) {
            ModelPrice calldata price = prices[i];
            if (price.outputPrice == 0) revert NodeRegistry_ZeroPrice(price.modelId);
            _requireNotBefore(prices, i);

            bytes32 key = _offerKey(msg.sender, generation, price.modelId, price.token);
            if (_offerPosition[key] == 0) _addOffer(registration, key, price.modelId, price.token);
            _prices[key] = Price(price.inputPrice, price.outputPrice);
            emit ModelPriceSet(msg.sender, price.modelId, price.token, price.inputPrice, price.outputPrice);
        }
        uint256 length = _offers[registration].length;
        if (length > MAX_OFFERS) revert NodeRegistry_TooMany(length, MAX_OFFERS);
    }

    /// @dev Quadratic, over 64 at most and in calldata: little beside the storage that an entry takes.
    function _requireNotBefore(ModelPrice[] calldata prices, uint256 index) private pure {
        (bytes32 modelId, address token) = (prices[index].modelId, prices[index].token);
        for (uint256 i = 0; i < index; i++) {
            if (prices[i].modelId == modelId && prices[i].token == token) {
                revert NodeRegistry_Duplicate(modelId, token);
            }
        }
    }

    function _addOffer(bytes32 registration, bytes32 key, bytes32 modelId, address token) private {
        Offer[] storage offers = _offers[registration];
        offers.push(Offer(modelId, token));
        _offerPosition[key] = offers.length;
        ModelEntry storage entry = _modelEntry[registration][modelId];
        if (entry.offers == 0) {
            address[] storage hosts = _nodesByModel[modelId];
            hosts.push(msg.sender);
            entry.position = hosts.length.toUint32();
        }
        entry.offers += 1;
    }

    /// @dev The last host takes the caller's place.
    function _removeFromNodes(Node storage node) private {
        address last = _nodes[_nodes.length - 1];
        uint32 position = node.position;
        _nodes[position - 1] = last;
        _node[last].position = position;
        _nodes.pop();
    }

    /// @dev The model's last host takes the caller's place. `entry` is the caller's.
    function _removeFromModel(bytes32 modelId, ModelEntry storage entry) private {
        address[] storage hosts = _nodesByModel[modelId];
        address last = hosts[hosts.length - 1];
        uint32 position = entry.position;
        hosts[position - 1] = last;
        _modelEntry[_registrationKey(last, _node[last].generation)][modelId].position = position;
        hosts.pop();
        entry.position = 0;
    }

    /* INTERNAL: KEYS, PAGES AND CHECKS */

    function _registrationKey(address host, uint32 generation) private pure returns (bytes32) {
        return keccak256(abi.encode(host, generation));
    }

    function _offerKey(address host, uint32 generation, bytes32 modelId, address token) private pure returns (bytes32) {
        return keccak256(abi.encode(host, generation, modelId, token));
    }

    function _page(address[] storage list, uint256 offset, uint256 limit) private view returns (address[] memory page) {
        page = new address[](_pageLength(list.length, offset, limit));
        for (uint256 i = 0; i < page.length; i++) {
            page[i] = list[offset + i];
        }
    }

    /// @dev Refuses large pages: a shorter one than asked for would make a caller that steps by its limit skip entries.
    function _pageLength(uint256 length, uint256 offset, uint256 limit) private pure returns (uint256) {
        if (limit > MAX_PAGE) revert NodeRegistry_TooMany(limit, MAX_PAGE);
        if (offset >= length) return 0;
        uint256 rest = length - offset;
        return rest < limit ? rest : limit;
    }

    function _requireNotZero(address account) private pure {
        if (account == address(0)) revert NodeRegistry_ZeroAddress();
    }

    function _requireInRange(uint256 value, uint256 min, uint256 max) private pure {
        if (value < min || value > max) revert NodeRegistry_OutOfRange(value, min, max);
    }
}
