// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IReputationSystem} from "../interfaces/IReputationSystem.sol";
import {ReputationGovernance} from "./ReputationGovernance.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title HostPoints
/// @notice The hosts' points, lost by idleness only when somebody looks, and a short list of the best.
/// @dev Whatever changes a host's points costs the same however many hosts there are: at most 32 are looked at.
abstract contract HostPoints is ReputationGovernance {
    using SafeCast for uint256;

    /* TYPES */

    /// @dev One slot.
    struct StoredRecord {
        uint32 points; // when last active
        uint40 lastActive; // zero: never heard of
        uint32 successes;
        uint32 failures;
        uint32 ratings;
        uint40 ratingSum;
        uint8 position; // in `_top`, from 1; zero if not in it
    }

    /* CONSTANTS */

    /// @notice Most hosts in the list of the best.
    uint256 public constant MAX_TOP = 32;

    uint256 private constant BPS = 10_000;
    uint256 private constant WAD = 1e18;

    /* STORAGE */

    mapping(address host => StoredRecord record) internal _records;
    address[] private _top;

    /* VIEWS */

    /// @inheritdoc IReputationSystem
    function getReputation(address host) public view override returns (uint256) {
        return _pointsNow(_records[host]);
    }

    /// @inheritdoc IReputationSystem
    function recordOf(address host) external view override returns (HostRecord memory) {
        StoredRecord memory r = _records[host];
        return HostRecord({
            points: _pointsNow(r).toUint32(),
            lastActive: r.lastActive,
            successes: r.successes,
            failures: r.failures,
            ratings: r.ratings,
            ratingSum: r.ratingSum
        });
    }

    /// @inheritdoc IReputationSystem
    function priorityOf(address host) external view override returns (uint256 points) {
        points = getReputation(host);
        Rules memory r = rules();
        if (points >= r.incentiveFrom) points += points * r.incentiveBps / BPS;
    }

    /// @inheritdoc IReputationSystem
    function isEligibleForIncentives(address host) external view override returns (bool) {
        return getReputation(host) >= rules().incentiveFrom;
    }

    /// @inheritdoc IReputationSystem
    /// @dev Sorted here, by insertion: the list itself is in no order, since idleness changes that without any call.
    function topHosts(uint256 limit) external view override returns (address[] memory hosts, uint256[] memory points) {
        uint256 length = _top.length;
        (hosts, points) = (new address[](length), new uint256[](length));
        for (uint256 i = 0; i < length; i++) {
            address host = _top[i];
            uint256 own = getReputation(host);
            uint256 place = i;
            for (; place > 0 && points[place - 1] < own; place--) {
                (hosts[place], points[place]) = (hosts[place - 1], points[place - 1]);
            }
            (hosts[place], points[place]) = (host, own);
        }
        if (limit >= length) return (hosts, points);
        assembly ("memory-safe") {
            mstore(hosts, limit)
            mstore(points, limit)
        }
    }

    /* INTERNAL */

    /// @dev Gives and takes; the host counts as active now. Never below zero.
    /// @return points What it has now.
    function _change(address host, uint256 given, uint256 taken) internal returns (uint32 points) {
        StoredRecord storage record = _records[host];
        uint256 sum = _pointsNow(record) + given;
        sum = sum > taken ? sum - taken : 0;
        points = sum > type(uint32).max ? type(uint32).max : sum.toUint32();
        record.points = points;
        record.lastActive = block.timestamp.toUint40();
        if (record.position == 0) _offerToTop(host, record, points);
    }

    /// @dev What is left of the points after the idle time.
    function _pointsNow(StoredRecord memory record) private view returns (uint256) {
        Rules memory r = rules();
        if (record.lastActive == 0) return r.start;
        uint256 periods = (block.timestamp - record.lastActive) / r.decayPeriod;
        if (periods == 0) return record.points;
        return record.points * _power(WAD - WAD * r.decayBps / BPS, periods) / WAD;
    }

    /// @dev `base` to the power of `exponent`, both rounded down, in parts of `WAD`.
    function _power(uint256 base, uint256 exponent) private pure returns (uint256 result) {
        result = WAD;
        for (; exponent > 0; exponent /= 2) {
            if (exponent % 2 == 1) result = result * base / WAD;
            base = base * base / WAD;
        }
    }

    /// @dev Puts a host into the list if there is room, or in place of the least if that one has fewer points.
    function _offerToTop(address host, StoredRecord storage record, uint256 points) private {
        uint256 length = _top.length;
        if (length < MAX_TOP) {
            _top.push(host);
            record.position = (length + 1).toUint8();
            return;
        }
        (uint256 least, uint256 leastPoints) = (0, type(uint256).max);
        for (uint256 i = 0; i < length; i++) {
            uint256 own = getReputation(_top[i]);
            if (own < leastPoints) (least, leastPoints) = (i, own);
        }
        if (points <= leastPoints) return;
        _records[_top[least]].position = 0;
        _top[least] = host;
        record.position = (least + 1).toUint8();
    }
}
