// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IBuyback} from "../../src/interfaces/IBuyback.sol";
import {TickLib} from "../../src/libraries/TickLib.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {BuybackTest} from "./BuybackTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC1967} from "@openzeppelin/contracts/interfaces/IERC1967.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @notice The initialiser, which is not in the interface.
interface IInitialize {
    function initialize(address owner, IBuyback.Settings calldata settings) external;
}

contract TickHarness {
    function worth(uint256 amount, int256 tick) external pure returns (uint256) {
        return TickLib.worth(amount, tick);
    }
}

contract BuybackGovernanceTest is BuybackTest {
    function test_RevertWhen_AnAddressIsZero() external {
        vm.expectRevert(IBuyback.Buyback_ZeroAddress.selector);
        this.deploy(address(0), address(staking), router);
        vm.expectRevert(IBuyback.Buyback_ZeroAddress.selector);
        this.deploy(address(fab), address(0), router);
        vm.expectRevert(IBuyback.Buyback_ZeroAddress.selector);
        this.deploy(address(fab), address(staking), address(0));
        address implementation = Deploy.buybackImplementation(address(fab), address(staking), router);
        address proxy = Deploy.proxy(implementation, abi.encodeCall(IBuyback.settings, ()));
        vm.expectRevert(IBuyback.Buyback_ZeroAddress.selector);
        IInitialize(proxy).initialize(address(0), standard());
    }

    function test_RevertWhen_InitialisedAgain() external {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        IInitialize(address(buyback)).initialize(stranger, standard());
        address implementation = Deploy.buybackImplementation(address(fab), address(staking), router);
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        IInitialize(implementation).initialize(stranger, standard());
    }

    function test_Describes() external view {
        assertEq(abi.encode(buyback.settings()), abi.encode(standard()));
        assertEq(Ownable(address(buyback)).owner(), governance);
        assertEq(abi.encode(buyback.routeOf(COIN)), abi.encode(IBuyback.Route(3000, 0.05 ether, 5 ether)));
        assertTrue(buyback.isKeeper(keeper));
    }

    function testFuzz_RevertWhen_CallerIsNotOwner(address caller) external {
        vm.assume(caller != governance);
        bytes memory unauthorized = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(unauthorized);
        buyback.setRoute(COIN, IBuyback.Route(3000, 0, 0));
        vm.expectRevert(unauthorized);
        buyback.setSettings(standard());
        vm.expectRevert(unauthorized);
        buyback.setKeeper(caller, true);
        vm.expectRevert(unauthorized);
        UUPSUpgradeable(address(buyback)).upgradeToAndCall(address(buyback), "");
    }

    function test_RevertWhen_ThereIsNoPool() external {
        vm.expectRevert(abi.encodeWithSelector(IBuyback.Buyback_NoPool.selector, address(usd), 500));
        vm.prank(governance);
        buyback.setRoute(address(usd), IBuyback.Route(500, 0, 0));
    }

    function test_AFeeOfZeroStopsSpending() external {
        vm.expectEmit(address(buyback));
        emit IBuyback.RouteSet(address(usd), 0, 0, 0, address(0));
        vm.prank(governance);
        buyback.setRoute(address(usd), IBuyback.Route(0, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IBuyback.Buyback_NoRoute.selector, address(usd)));
        buy(address(usd), SPENT, 0);
    }

    function test_RevertWhen_ASettingIsOutOfBounds() external {
        IBuyback.Settings memory s = standard();
        s.burnBps = 10_001;
        expectOutOfRange(s, s.burnBps, 0, 10_000);
        s = standard();
        s.maxDeviationBps = 9;
        expectOutOfRange(s, s.maxDeviationBps, 10, 1000);
        s.maxDeviationBps = 1001;
        expectOutOfRange(s, s.maxDeviationBps, 10, 1000);
        s = standard();
        s.window = 5 minutes - 1;
        expectOutOfRange(s, s.window, 5 minutes, 1 days);
        s = standard();
        s.interval = 90 days + 1;
        expectOutOfRange(s, s.interval, 1 hours, 90 days);
    }

    function test_SettingsApply() external {
        IBuyback.Settings memory s = IBuyback.Settings(10_000, 1000, 5 minutes, 1 hours);
        vm.expectEmit(address(buyback));
        emit IBuyback.SettingsSet(10_000, 1000, 5 minutes, 1 hours);
        vm.prank(governance);
        buyback.setSettings(s);
        buy(address(usd), SPENT, 0);
        assertEq(fab.balanceOf(address(staking)), 0); // all of it burned
    }

    function test_AKeeperIsDismissed() external {
        vm.expectEmit(address(buyback));
        emit IBuyback.KeeperSet(keeper, false);
        vm.prank(governance);
        buyback.setKeeper(keeper, false);
        vm.expectRevert(abi.encodeWithSelector(IBuyback.Buyback_Unauthorized.selector, keeper));
        buy(address(usd), SPENT, 0);
    }

    function test_TheOwnerUpgrades() external {
        address next = Deploy.buybackImplementation(address(fab), address(staking), router);
        vm.expectEmit(address(buyback));
        emit IERC1967.Upgraded(next);
        vm.prank(governance);
        UUPSUpgradeable(address(buyback)).upgradeToAndCall(next, "");
        assertEq(abi.encode(buyback.settings()), abi.encode(standard()));
        buy(address(usd), SPENT, 0);
    }

    /// @dev A call of its own: a deployment that fails ends the function it is made in.
    function deploy(address fab_, address staking_, address router_) external {
        Deploy.buybackImplementation(fab_, staking_, router_);
    }

    /* TICKS */

    function test_RevertWhen_TheTickIsTooFar() external {
        TickHarness harness = new TickHarness();
        vm.expectRevert(abi.encodeWithSelector(TickLib.TickLib_OutOfRange.selector, int256(400_001)));
        harness.worth(1, 400_001);
        vm.expectRevert(abi.encodeWithSelector(TickLib.TickLib_OutOfRange.selector, int256(-400_001)));
        harness.worth(1, -400_001);
    }

    /// @notice Worked numbers, from an arbitrary-precision calculator.
    function test_IsThePowerOf10001() external pure {
        assertEq(TickLib.worth(1e18, 0), 1e18);
        assertEq(TickLib.worth(1e18, 1), 1.0001e18);
        assertEq(TickLib.worth(1e18, -1), 0.999900009999000099e18);
        assertApproxEqAbs(TickLib.worth(1e18, 10_000), 2_718_145_926_825_224_864, 1);
        assertApproxEqAbs(TickLib.worth(1e30, -276_324), 1_000_002_643_830_950_670, 1000);
    }

    function testFuzz_Inverts(uint256 amount, uint256 tick) external pure {
        amount = bound(amount, 1e18, 1e30);
        int256 t = int256(bound(tick, 0, 300_000));
        uint256 back = TickLib.worth(TickLib.worth(amount, t), -t);
        assertApproxEqAbs(back, amount, amount / 1e15 + 1);
    }

    function expectOutOfRange(IBuyback.Settings memory s, uint256 value, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(IBuyback.Buyback_OutOfRange.selector, value, min, max));
        vm.prank(governance);
        buyback.setSettings(s);
    }
}
