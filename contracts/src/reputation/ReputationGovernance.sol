// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IReputationSystem} from "../interfaces/IReputationSystem.sol";
import {Upgradeable} from "../periphery/Upgradeable.sol";

/// @title ReputationGovernance
/// @notice What the owner decides: the rules within their bounds, where work is looked up, what of it counts, who slashes.
abstract contract ReputationGovernance is IReputationSystem, Upgradeable {
    uint16 private constant MAX_POINTS_AT_ONCE = 1000;
    uint16 private constant MAX_BPS = 5000;
    uint32 private constant MAX_PAIR_INTERVAL = 30 days;

    /* STORAGE: from slot 2 on */

    Rules private _rules;

    /// @inheritdoc IReputationSystem
    address public override jobs;
    /// @inheritdoc IReputationSystem
    address public override sessions;
    /// @inheritdoc IReputationSystem
    mapping(address token => uint256) public override minValueOf;
    /// @inheritdoc IReputationSystem
    mapping(address account => bool) public override isSlasher;

    /* GOVERNANCE */

    /// @inheritdoc IReputationSystem
    function setRules(Rules calldata rules_) external override onlyOwner {
        _setRules(rules_);
    }

    /// @inheritdoc IReputationSystem
    function setSources(address jobs_, address sessions_) external override onlyOwner {
        (jobs, sessions) = (jobs_, sessions_);
        emit SourcesSet(jobs_, sessions_);
    }

    /// @inheritdoc IReputationSystem
    function setMinValue(address token, uint256 minValue) external override onlyOwner {
        minValueOf[token] = minValue;
        emit MinValueSet(token, minValue);
    }

    /// @inheritdoc IReputationSystem
    function setSlasher(address slasher, bool allowed) external override onlyOwner {
        isSlasher[slasher] = allowed;
        emit SlasherSet(slasher, allowed);
    }

    /// @inheritdoc IReputationSystem
    function rules() public view override returns (Rules memory) {
        return _rules;
    }

    /* INTERNAL */

    function _setRules(Rules memory r) internal {
        _requireInRange(r.start, 0, MAX_POINTS_AT_ONCE);
        _requireInRange(r.success, 0, MAX_POINTS_AT_ONCE);
        _requireInRange(r.failure, 0, MAX_POINTS_AT_ONCE);
        _requireInRange(r.rated5, 0, MAX_POINTS_AT_ONCE);
        _requireInRange(r.rated4, 0, MAX_POINTS_AT_ONCE);
        _requireInRange(r.rated1, 0, MAX_POINTS_AT_ONCE);
        _requireInRange(r.decayBps, 0, MAX_BPS);
        _requireInRange(r.decayPeriod, 1 days, type(uint32).max);
        _requireInRange(r.pairInterval, 0, MAX_PAIR_INTERVAL);
        _requireInRange(r.incentiveBps, 0, MAX_BPS);
        _rules = r;
        emit RulesSet(r);
    }

    function _requireInRange(uint256 value, uint256 min, uint256 max) internal pure {
        if (value < min || value > max) revert ReputationSystem_OutOfRange(value, min, max);
    }

    function _requireNotZero(address account) internal pure {
        if (account == address(0)) revert ReputationSystem_ZeroAddress();
    }
}
