// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title RegistryGovernance
/// @notice What the registry's owner decides: who may slash and how hard, and how many hosts make a controller suspicious.
/// @dev The bounds are what a host can rely on: whatever the owner sets, no slash takes more than half of a stake, an hour
/// passes between two, and nothing keeps a host from leaving.
abstract contract RegistryGovernance is INodeRegistry, Ownable2Step {
    uint16 private constant MAX_SLASH_BPS = 5000;
    uint32 private constant MIN_SLASH_INTERVAL = 1 hours;
    uint32 private constant MAX_SLASH_INTERVAL = 30 days;
    uint32 private constant MIN_SUSPICION = 2;
    uint32 private constant MAX_SUSPICION = 1000;

    /// @dev The default floor is the minimum stake divided by this.
    uint256 private constant FLOOR_DIVISOR = 10;

    /// @inheritdoc INodeRegistry
    uint256 public immutable override minStake;

    /// @dev One slot.
    SlashRules private _rules;

    /// @inheritdoc INodeRegistry
    uint32 public override suspicionThreshold;

    /// @inheritdoc INodeRegistry
    mapping(address account => bool) public override isSlasher;

    /// @param owner_ Decides.
    /// @param minStake_ 1 to 100,000 FAB, in base units.
    constructor(address owner_, uint256 minStake_) Ownable(owner_) {
        _requireInRange(minStake_, 1e18, 100_000e18);
        minStake = minStake_;
        SlashRules memory rules = SlashRules(MAX_SLASH_BPS, 24 hours, SafeCast.toUint96(minStake_ / FLOOR_DIVISOR));
        _rules = rules;
        suspicionThreshold = 3;
        emit SlashRulesSet(rules);
        emit SuspicionThresholdSet(3);
    }

    /* GOVERNANCE */

    /// @inheritdoc INodeRegistry
    function setSlasher(address slasher, bool allowed) external onlyOwner {
        isSlasher[slasher] = allowed;
        emit SlasherSet(slasher, allowed);
    }

    /// @inheritdoc INodeRegistry
    function setSlashRules(SlashRules calldata rules) external onlyOwner {
        _requireInRange(rules.maxBps, 1, MAX_SLASH_BPS);
        _requireInRange(rules.interval, MIN_SLASH_INTERVAL, MAX_SLASH_INTERVAL);
        _requireInRange(rules.floor, 0, minStake);
        _rules = rules;
        emit SlashRulesSet(rules);
    }

    /// @inheritdoc INodeRegistry
    function setSuspicionThreshold(uint32 hosts) external onlyOwner {
        _requireInRange(hosts, MIN_SUSPICION, MAX_SUSPICION);
        suspicionThreshold = hosts;
        emit SuspicionThresholdSet(hosts);
    }

    /// @inheritdoc INodeRegistry
    function slashRules() public view returns (SlashRules memory) {
        return _rules;
    }

    /* INTERNAL */

    function _requireInRange(uint256 value, uint256 min, uint256 max) internal pure {
        if (value < min || value > max) revert NodeRegistry_OutOfRange(value, min, max);
    }
}
