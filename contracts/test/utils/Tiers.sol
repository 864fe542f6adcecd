// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStaking} from "../../src/interfaces/IStaking.sol";

/// @title Tiers
/// @notice The tiers Fabstir starts with: Flexible, Bronze, Silver, Gold, Platinum.
library Tiers {
    function standard() internal pure returns (IStaking.Tier[] memory tiers) {
        tiers = new IStaking.Tier[](5);
        tiers[0] = IStaking.Tier(0, 0, 5000, 5000);
        tiers[1] = IStaking.Tier(5000e18, 30 days, 7500, 7500);
        tiers[2] = IStaking.Tier(10_000e18, 90 days, 10_000, 10_000);
        tiers[3] = IStaking.Tier(50_000e18, 180 days, 12_500, 15_000);
        tiers[4] = IStaking.Tier(100_000e18, 365 days, 15_000, 20_000);
    }
}
