// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {HostStakes} from "./registry/HostStakes.sol";
import {RegistryGovernance} from "./registry/RegistryGovernance.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title NodeRegistry
/// @notice Hosts, their stake, where they are reached, what they can do, and what they charge for which model.
/// @dev What belongs to one registration is keyed by the host and its generation, which counts up each time it registers:
/// leaving abandons the offers without clearing them, and none survives into the next registration. Only the lists that
/// others read are cleaned when a host leaves; at most 64 offers and 16 capabilities bound it. Other contracts read
/// `offerOf`, `gpuMemoryOf` and the controllers' views, none of which touches the host's texts.
contract NodeRegistry is HostStakes {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /* TYPES */

    struct Price {
        uint128 input;
        uint128 output; // zero: no offer
    }

    struct Offer {
        bytes32 modelId;
        address token;
    }

    /* CONSTANTS AND IMMUTABLES */

    /// @notice Most offers of one host; bounds the cost of leaving.
    uint256 public constant MAX_OFFERS = 64;
    /// @notice Most capabilities of one host; bounds the cost of leaving.
    uint256 public constant MAX_CAPABILITIES = 16;
    /// @notice Longest API URL, in bytes.
    uint256 public constant MAX_URL = 512;

    /// @inheritdoc INodeRegistry
    uint256 public immutable override maxMetadata;

    /* STORAGE */

    mapping(address host => Advertisement) private _advertised;

    // By registration, see `_registrationKey` and `_offerKey`.
    mapping(bytes32 offerKey => Price) private _prices;
    mapping(bytes32 offerKey => uint256) private _offerPosition; // in `_offers`, from 1
    mapping(bytes32 registrationKey => Offer[]) private _offers;

    /* CONSTRUCTION */

    /// @param owner_ Says who slashes, within the bounds of `setSlashRules`.
    /// @param fab_ The token staked and burned; must move exactly what it is asked to.
    /// @param minStake_ 1 to 100,000 FAB, in base units; 1,000 by default.
    /// @param unbondingPeriod_ 1 hour to 90 days, in seconds; 7 days by default.
    /// @param maxMetadata_ 256 bytes to 16 KiB; 4 KiB by default.
    constructor(address owner_, address fab_, uint256 minStake_, uint64 unbondingPeriod_, uint256 maxMetadata_)
        RegistryGovernance(owner_, minStake_)
        HostStakes(fab_, unbondingPeriod_)
    {
        _requireInRange(maxMetadata_, 256, 16_384);
        maxMetadata = maxMetadata_;
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
        // Its own stake and its controller's never mix: the controller registers the host again, or takes its stake first.
        if (node.controller != address(0)) revert NodeRegistry_Controlled(msg.sender, node.controller);
        uint256 due = _join(msg.sender, node);
        _describe(node, signer, apiUrl, metadata, publicKey);
        emit NodeRegistered(msg.sender, signer, node.stake, apiUrl, metadata);
        _setPrices(msg.sender, node.generation, prices);
        if (due != 0) IERC20(fab).safeTransferFrom(msg.sender, address(this), due);
    }

    /// @inheritdoc INodeRegistry
    function registerControlled(
        address host,
        address signer,
        string calldata apiUrl,
        string calldata metadata,
        bytes calldata publicKey,
        ModelPrice[] calldata prices
    ) external override {
        if (approvedController[host] != msg.sender) {
            revert NodeRegistry_Unauthorized(msg.sender);
        }
        Node storage node = _node[host];
        // Stake that is still here must be the caller's own.
        if (node.stake != 0 && node.controller != msg.sender) revert NodeRegistry_Controlled(host, node.controller);
        uint256 due = _join(host, node);
        node.controller = msg.sender;
        bytes32 key = _controllerKey(msg.sender);
        _enlist(Kind.Controller, key, host);
        _describe(node, signer, apiUrl, metadata, publicKey);
        emit NodeRegistered(host, signer, node.stake, apiUrl, metadata);
        emit NodeControlled(host, msg.sender, _count(Kind.Controller, key));
        _setPrices(host, node.generation, prices);
        if (due != 0) IERC20(fab).safeTransferFrom(msg.sender, address(this), due);
    }

    /// @inheritdoc INodeRegistry
    function update(address signer, string calldata apiUrl, string calldata metadata, bytes calldata publicKey)
        external
        override
    {
        _describe(_active(msg.sender), signer, apiUrl, metadata, publicKey);
        emit NodeUpdated(msg.sender, signer, publicKey, apiUrl, metadata);
    }

    /// @inheritdoc INodeRegistry
    function advertise(bytes32 region, uint16 gpuMemory, bytes32[] calldata capabilities) external override {
        _active(msg.sender);
        if (capabilities.length > MAX_CAPABILITIES) {
            revert NodeRegistry_TooMany(capabilities.length, MAX_CAPABILITIES);
        }
        _withdrawAdvertisement(msg.sender);
        if (region != bytes32(0)) _enlist(Kind.Region, region, msg.sender);
        for (uint256 i = 0; i < capabilities.length; i++) {
            for (uint256 j = 0; j < i; j++) {
                if (capabilities[j] == capabilities[i]) revert NodeRegistry_DuplicateCapability(capabilities[i]);
            }
            _enlist(Kind.Capability, capabilities[i], msg.sender);
        }
        _advertised[msg.sender] = Advertisement(region, gpuMemory, capabilities);
        emit NodeAdvertised(msg.sender, region, gpuMemory, capabilities);
    }

    /// @inheritdoc INodeRegistry
    function setPrices(ModelPrice[] calldata prices) external override {
        _setPrices(msg.sender, _active(msg.sender).generation, prices);
    }

    /// @inheritdoc INodeRegistry
    function removePrice(bytes32 modelId, address token) external override {
        uint32 generation = _active(msg.sender).generation;
        bytes32 key = _offerKey(msg.sender, generation, modelId, token);
        uint256 position = _offerPosition[key];
        if (position == 0) revert NodeRegistry_NoOffer(modelId, token);

        Offer[] storage offers = _offers[_registrationKey(msg.sender, generation)];
        Offer memory last = offers[offers.length - 1];
        offers[position - 1] = last;
        _offerPosition[_offerKey(msg.sender, generation, last.modelId, last.token)] = position;
        offers.pop();
        delete _offerPosition[key]; // after the line above, which may have been about the same offer
        delete _prices[key];
        _release(Kind.Model, modelId, msg.sender);
        emit ModelPriceSet(msg.sender, modelId, token, 0, 0);
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
    function advertisementOf(address host) external view override returns (Advertisement memory) {
        return _advertised[host];
    }

    /// @inheritdoc INodeRegistry
    function gpuMemoryOf(address host) external view override returns (uint16) {
        return _advertised[host].gpuMemory;
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
        return _count(Kind.Active, bytes32(0));
    }

    /// @inheritdoc INodeRegistry
    function nodes(uint256 offset, uint256 limit) external view override returns (address[] memory) {
        return _page(Kind.Active, bytes32(0), offset, limit);
    }

    /// @inheritdoc INodeRegistry
    function nodesByModel(bytes32 modelId, uint256 offset, uint256 limit)
        external
        view
        override
        returns (address[] memory)
    {
        return _page(Kind.Model, modelId, offset, limit);
    }

    /// @inheritdoc INodeRegistry
    function nodesByCapability(bytes32 capability, uint256 offset, uint256 limit)
        external
        view
        override
        returns (address[] memory)
    {
        return _page(Kind.Capability, capability, offset, limit);
    }

    /// @inheritdoc INodeRegistry
    function nodesByRegion(bytes32 region, uint256 offset, uint256 limit)
        external
        view
        override
        returns (address[] memory)
    {
        return _page(Kind.Region, region, offset, limit);
    }

    /* INTERNAL: WRITING */

    /// @dev Activates the host.
    /// @return due FAB that the caller must still bring: stake that is here already counts.
    function _join(address host, Node storage node) private returns (uint256 due) {
        if (node.active) revert NodeRegistry_AlreadyRegistered(host);
        node.active = true;
        node.unbondingUntil = 0;
        node.generation += 1;
        _enlist(Kind.Active, bytes32(0), host);
        uint256 stake = node.stake;
        if (stake < minStake) {
            due = minStake - stake;
            node.stake = minStake.toUint96();
        }
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

    function _setPrices(address host, uint32 generation, ModelPrice[] calldata prices) private {
        if (prices.length > MAX_OFFERS) revert NodeRegistry_TooMany(prices.length, MAX_OFFERS);
        Offer[] storage offers = _offers[_registrationKey(host, generation)];
        for (uint256 i = 0; i < prices.length; i++) {
            ModelPrice calldata price = prices[i];
            if (price.outputPrice == 0) revert NodeRegistry_ZeroPrice(price.modelId);
            _requireNotBefore(prices, i);

            bytes32 key = _offerKey(host, generation, price.modelId, price.token);
            if (_offerPosition[key] == 0) {
                offers.push(Offer(price.modelId, price.token));
                _offerPosition[key] = offers.length;
                _enlist(Kind.Model, price.modelId, host);
            }
            _prices[key] = Price(price.inputPrice, price.outputPrice);
            emit ModelPriceSet(host, price.modelId, price.token, price.inputPrice, price.outputPrice);
        }
        if (offers.length > MAX_OFFERS) revert NodeRegistry_TooMany(offers.length, MAX_OFFERS);
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

    /// @inheritdoc HostStakes
    function _withdrawOffers(address host, uint32 generation) internal override {
        Offer[] storage offers = _offers[_registrationKey(host, generation)];
        uint256 length = offers.length;
        // A model offered in two tokens is met twice, and struck once.
        for (uint256 i = 0; i < length; i++) {
            _strike(Kind.Model, offers[i].modelId, host);
        }
        _withdrawAdvertisement(host);
    }

    function _withdrawAdvertisement(address host) private {
        Advertisement storage advertised = _advertised[host];
        _strike(Kind.Region, advertised.region, host);
        uint256 length = advertised.capabilities.length;
        for (uint256 i = 0; i < length; i++) {
            _strike(Kind.Capability, advertised.capabilities[i], host);
        }
        delete _advertised[host];
    }

    /* INTERNAL: KEYS */

    function _registrationKey(address host, uint32 generation) private pure returns (bytes32) {
        return keccak256(abi.encode(host, generation));
    }

    function _offerKey(address host, uint32 generation, bytes32 modelId, address token) private pure returns (bytes32) {
        return keccak256(abi.encode(host, generation, modelId, token));
    }
}
