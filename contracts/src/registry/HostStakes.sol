// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {HostIndex} from "./HostIndex.sol";
import {RegistryGovernance} from "./RegistryGovernance.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title HostStakes
/// @notice What hosts put up, how they lose it, and how it comes back.
/// @dev Stake belongs to whoever registered the host: itself, or its controller. It leaves in two ways only: to that
/// account after unbonding, or by `slash`, which burns it and works until the moment it is paid out.
abstract contract HostStakes is HostIndex, RegistryGovernance {
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
        address controller; // zero: the host is its own
        // Not read by other contracts.
        uint48 slashedAt; // zero: never
        bytes publicKey;
        string apiUrl;
        string metadata;
    }

    /* STORAGE */

    /// @inheritdoc INodeRegistry
    address public immutable override fab;
    /// @inheritdoc INodeRegistry
    uint64 public immutable override unbondingPeriod;

    mapping(address host => Node) internal _node;

    /// @inheritdoc INodeRegistry
    mapping(address host => address controller) public override approvedController;

    /// @param fab_ The token staked and burned; must move exactly what it is asked to.
    /// @param unbondingPeriod_ 1 hour to 90 days, in seconds.
    constructor(address fab_, uint64 unbondingPeriod_) {
        _requireNotZero(fab_);
        _requireInRange(unbondingPeriod_, 1 hours, 90 days);
        (fab, unbondingPeriod) = (fab_, unbondingPeriod_);
    }

    /* STAKE */

    /// @inheritdoc INodeRegistry
    function addStake(uint256 amount) external override {
        Node storage node = _active(msg.sender);
        uint96 stake = node.stake + amount.toUint96();
        node.stake = stake;
        emit StakeAdded(msg.sender, amount, stake);
        IERC20(fab).safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc INodeRegistry
    function unregister() external override {
        _leave(msg.sender, _active(msg.sender));
    }

    /// @inheritdoc INodeRegistry
    function withdrawStake(address to) external override {
        Node storage node = _node[msg.sender];
        if (node.controller != address(0)) revert NodeRegistry_Controlled(msg.sender, node.controller);
        _withdraw(msg.sender, node, to);
    }

    /// @inheritdoc INodeRegistry
    /// @dev Checks and writes before it burns; the token gets control last.
    function slash(address host, uint256 amount, bytes32 reason) external override {
        if (!isSlasher[msg.sender]) revert NodeRegistry_Unauthorized(msg.sender);
        Node storage node = _node[host];
        SlashRules memory rules = slashRules();
        uint96 stake = node.stake;
        _requireInRange(amount, 1, uint256(stake) * rules.maxBps / 10_000);
        uint256 slashedAt = node.slashedAt;
        if (slashedAt != 0 && block.timestamp < slashedAt + rules.interval) {
            revert NodeRegistry_SlashTooSoon(host, slashedAt + rules.interval);
        }

        stake -= amount.toUint96();
        node.stake = stake;
        node.slashedAt = block.timestamp.toUint48();
        emit NodeSlashed(host, amount, stake, reason);
        if (node.active && stake < rules.floor) _leave(host, node);
        ERC20Burnable(fab).burn(amount);
    }

    /* CONTROLLERS */

    /// @inheritdoc INodeRegistry
    function approveController(address controller) external override {
        approvedController[msg.sender] = controller;
        emit ControllerApproved(msg.sender, controller);
    }

    /// @inheritdoc INodeRegistry
    function unregisterControlled(address host) external override {
        _requireController(host);
        _leave(host, _active(host));
    }

    /// @inheritdoc INodeRegistry
    function withdrawControlledStake(address host, address to) external override {
        _requireController(host);
        _withdraw(host, _node[host], to);
    }

    /// @inheritdoc INodeRegistry
    function isSuspiciousController(address controller) external view override returns (bool) {
        return _count(Kind.Controller, _controllerKey(controller)) >= suspicionThreshold;
    }

    /// @inheritdoc INodeRegistry
    function controllerOf(address host) external view override returns (address) {
        return _node[host].controller;
    }

    /// @inheritdoc INodeRegistry
    function nodesByController(address controller, uint256 offset, uint256 limit)
        external
        view
        override
        returns (address[] memory)
    {
        return _page(Kind.Controller, _controllerKey(controller), offset, limit);
    }

    /* INTERNAL */

    /// @dev Inactive at once; the stake begins to unbond.
    function _leave(address host, Node storage node) internal {
        uint48 until = (block.timestamp + unbondingPeriod).toUint48();
        node.active = false;
        node.unbondingUntil = until;
        _strike(Kind.Active, bytes32(0), host);
        address controller = node.controller;
        if (controller != address(0)) _strike(Kind.Controller, _controllerKey(controller), host);
        _withdrawOffers(host, node.generation);
        emit NodeUnregistered(host, until);
    }

    /// @dev Takes the host off the lists of what it offers.
    function _withdrawOffers(address host, uint32 generation) internal virtual;

    function _withdraw(address host, Node storage node, address to) private {
        _requireNotZero(to);
        uint256 until = node.unbondingUntil;
        if (until == 0) revert NodeRegistry_NotUnbonding(host);
        if (block.timestamp < until) revert NodeRegistry_Unbonding(until);

        uint256 amount = node.stake;
        (uint32 generation, uint48 slashedAt) = (node.generation, node.slashedAt);
        delete _node[host];
        // These outlive the registration, or old offers would come back, and a new stake be slashed too soon.
        (_node[host].generation, _node[host].slashedAt) = (generation, slashedAt);
        emit StakeWithdrawn(host, to, amount);
        IERC20(fab).safeTransfer(to, amount);
    }

    /// @dev The host's node, which must be active.
    function _active(address host) internal view returns (Node storage node) {
        node = _node[host];
        if (!node.active) revert NodeRegistry_NotRegistered(host);
    }

    function _controllerKey(address controller) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(controller)));
    }

    function _requireController(address host) private view {
        if (_node[host].controller != msg.sender) revert NodeRegistry_Unauthorized(msg.sender);
    }

    function _requireNotZero(address account) internal pure {
        if (account == address(0)) revert NodeRegistry_ZeroAddress();
    }
}
