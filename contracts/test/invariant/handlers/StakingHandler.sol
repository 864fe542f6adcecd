// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../../src/interfaces/IFabToken.sol";
import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {DevToken} from "../../tokens/DevToken.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";
import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";

/// @title StakingHandler
/// @notice Four stakers and rewards in FAB, dollars and coin, moved at random in ways that must all succeed. Beside the
/// contract it counts what went in and out.
contract StakingHandler is Test {
    uint256 public constant STAKERS = 4;
    uint256 public constant WALLET = 200_000e18; // of each

    IStaking public immutable staking;
    IFabToken public immutable fab;
    DevToken public immutable usd;

    address[] public stakers;

    /* WHAT SHOULD BE */

    mapping(address account => uint256) public staked;
    mapping(address account => uint256) public lockedUntil;
    mapping(address token => uint256) public rewarded; // costs of leaving are rewards in FAB
    mapping(address token => uint256) public paid; // compounded is paid
    mapping(address account => uint256) public leftBehind; // costs of leaving

    constructor(IStaking staking_, IFabToken fab_, DevToken usd_) {
        (staking, fab, usd) = (staking_, fab_, usd_);
        for (uint256 i = 0; i < STAKERS; i++) {
            address account = address(uint160(0x20000 + i));
            stakers.push(account);
            vm.prank(account);
            fab_.approve(address(staking_), type(uint256).max);
        }
    }

    /* MOVES */

    function stake(uint256 seed, uint256 amount) external {
        address account = stakers[seed % STAKERS];
        uint256 wallet = fab.balanceOf(account);
        if (wallet == 0) return;
        amount = bound(amount, 1, wallet);
        vm.prank(account);
        staking.stake(amount);
        added(account, amount);
    }

    function unstake(uint256 seed, uint256 amount, bool early) external {
        address account = stakers[seed % STAKERS];
        if (staked[account] == 0) return;
        amount = bound(amount, 1, staked[account]);
        bool locked = timestamp() < lockedUntil[account];
        if (locked && !early) return;
        vm.prank(account);
        if (early) staking.unstakeEarly(amount, account);
        else staking.unstake(amount, account);
        staked[account] -= amount;
        uint256 cost = locked ? (amount + 9) / 10 : 0;
        leftBehind[account] += cost;
        rewarded[address(fab)] += cost;
    }

    function compound(uint256 seed) external {
        address account = stakers[seed % STAKERS];
        uint256 due = staking.claimable(account, address(fab));
        if (due == 0) return;
        vm.prank(account);
        assertEq(staking.compound(), due, "compounds what is claimable");
        paid[address(fab)] += due;
        added(account, due);
    }

    function claim(uint256 seed, uint256 which) external {
        address account = stakers[seed % STAKERS];
        address token = tokenAt(which);
        address[] memory tokens = new address[](1);
        tokens[0] = token;
        uint256 due = staking.claimable(account, token);
        uint256 before = balance(token, account);
        vm.prank(account);
        staking.claim(tokens, account);
        assertEq(balance(token, account) - before, due, "pays what is claimable");
        paid[token] += due;
    }

    function reward(uint256 which, uint256 amount, bool taken) external {
        address token = tokenAt(which);
        amount = bound(amount, 0, token == address(usd) ? 10_000e6 : 1000e18);
        if (token == address(0)) {
            vm.deal(address(staking), address(staking).balance + amount);
        } else if (token == address(usd)) {
            usd.mint(address(staking), amount);
        } else {
            amount = least(amount, fab.balanceOf(address(this)));
            assertTrue(fab.transfer(address(staking), amount));
        }
        rewarded[token] += amount;
        if (taken) staking.distribute(token);
    }

    function delegate(uint256 seed, uint256 to) external {
        vm.prank(stakers[seed % STAKERS]);
        IERC5805(address(staking)).delegate(to % 5 == 4 ? address(0) : stakers[to % 5]);
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 60 days));
    }

    /* VIEWS */

    function tokenAt(uint256 which) public view returns (address) {
        if (which % 3 == 0) return address(fab);
        return which % 3 == 1 ? address(usd) : address(0);
    }

    function balance(address token, address account) public view returns (uint256) {
        return token == address(0) ? account.balance : IFabToken(token).balanceOf(account);
    }

    /* INTERNAL */

    function added(address account, uint256 amount) private {
        staked[account] += amount;
        uint256 until = timestamp() + lockOf(staked[account]);
        if (until > lockedUntil[account]) lockedUntil[account] = until;
    }

    function lockOf(uint256 amount) private pure returns (uint256) {
        if (amount < 5000e18) return 0;
        if (amount < 10_000e18) return 30 days;
        if (amount < 50_000e18) return 90 days;
        return amount < 100_000e18 ? 180 days : 365 days;
    }

    function least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
