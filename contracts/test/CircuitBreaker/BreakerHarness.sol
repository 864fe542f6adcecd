// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {CircuitBreaker} from "../../src/security/CircuitBreaker.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @notice A contract with two entrances, an exit, and its insides turned out.
contract BreakerHarness is CircuitBreaker {
    uint256 public entered;
    uint256 public left;

    constructor(address owner_, address guardian_, BreakerSettings memory settings) Ownable(owner_) {
        _setUpBreaker(guardian_, settings);
    }

    function post() external throttled {
        entered++;
    }

    function claim() external whenOpen {
        entered++;
    }

    function withdraw() external {
        left++;
    }

    function pay(address token, uint256 amount) external whenOpen {
        _checkPayment(token, amount);
        entered++;
    }

    function fail() external {
        _recordFailure();
    }

    function stoppedTime() external view returns (uint64) {
        return _stoppedTime();
    }

    function extended(uint256 deadline, uint64 stoppedThen) external view returns (uint256) {
        return _extended(deadline, stoppedThen);
    }
}
