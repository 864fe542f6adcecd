// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStaking} from "../../src/interfaces/IStaking.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Tiers} from "../utils/Tiers.sol";
import {vm} from "../utils/Vm.sol";
import {StakingTest} from "./StakingTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract StakingConstructorTest is StakingTest {
    function test_RevertWhen_OwnerIsZero() external {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        Deploy.staking(address(0), address(fab), Tiers.standard(), 1000, PERIOD);
    }

    function test_RevertWhen_FabIsZero() external {
        vm.expectRevert(IStaking.Staking_ZeroAddress.selector);
        Deploy.staking(governance, address(0), Tiers.standard(), 1000, PERIOD);
    }

    function testFuzz_RevertWhen_LeavingCostsTooMuch(uint16 cost) external {
        cost = uint16(bound(cost, 2501, type(uint16).max));
        expectOutOfRange(cost, 0, 2500);
        Deploy.staking(governance, address(fab), Tiers.standard(), cost, PERIOD);
    }

    function testFuzz_RevertWhen_PeriodIsOutOfBounds(uint32 period) external {
        vm.assume(period < 1 hours || period > 90 days);
        expectOutOfRange(period, 1 hours, 90 days);
        Deploy.staking(governance, address(fab), Tiers.standard(), 1000, period);
    }

    function test_RevertWhen_ThereAreNoTiersOrTooMany() external {
        expectOutOfRange(0, 1, 16);
        this.deploy(new IStaking.Tier[](0));
        expectOutOfRange(17, 1, 16);
        this.deploy(new IStaking.Tier[](17));
    }

    function test_RevertWhen_TierIsBad() external {
        IStaking.Tier[] memory tiers = Tiers.standard();
        tiers[0].minAmount = 1;
        expectBadTier(tiers, 0);

        tiers = Tiers.standard();
        tiers[2].minAmount = tiers[1].minAmount;
        expectBadTier(tiers, 2);

        tiers = Tiers.standard();
        tiers[1].rewardBps = 0;
        expectBadTier(tiers, 1);

        tiers = Tiers.standard();
        tiers[3].lock = 4 * 365 days + 1;
        expectBadTier(tiers, 3);
    }

    function test_Describes() external view {
        assertEq(staking.fab(), address(fab));
        assertEq(staking.leaveBps(), 1000);
        assertEq(staking.rewardPeriod(), PERIOD);
        assertEq(staking.rewardTokens()[0], address(fab));
        assertEq(Ownable(address(staking)).owner(), governance);
        assertEq(abi.encode(staking.tiers()), abi.encode(Tiers.standard()));
        assertEq(votes.CLOCK_MODE(), "mode=timestamp");
        assertEq(votes.clock(), timestamp());
    }

    /// @dev A call of its own: a deployment that fails ends the function it is made in.
    function deploy(IStaking.Tier[] memory tiers) external {
        Deploy.staking(governance, address(fab), tiers, 1000, PERIOD);
    }

    function expectBadTier(IStaking.Tier[] memory tiers, uint256 index) private {
        vm.expectRevert(abi.encodeWithSelector(IStaking.Staking_BadTier.selector, index));
        this.deploy(tiers);
    }

    function expectOutOfRange(uint256 value, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(IStaking.Staking_OutOfRange.selector, value, min, max));
    }
}
