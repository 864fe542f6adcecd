// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";

/// @notice All of FabToken that tests call: `IFabToken` has only what Fabstir's software does.
interface IFullFabToken {
    event Minted(address indexed to, uint256 amount, uint256 available);
    event Transfer(address indexed from, address indexed to, uint256 value);

    error FabToken_MintCapExceeded(uint256 amount, uint256 available);

    function INITIAL_SUPPLY() external view returns (uint256);
    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function decimals() external view returns (uint8);
    function totalSupply() external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
    function approve(address spender, uint256 amount) external returns (bool);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function mint(address to, uint256 amount) external;
    function mintable() external view returns (uint256);
    function burn(uint256 amount) external;
    function burnFrom(address account, uint256 amount) external;
    function owner() external view returns (address);
    function pendingOwner() external view returns (address);
    function transferOwnership(address newOwner) external;
    function acceptOwnership() external;
    function clock() external view returns (uint48);
    function CLOCK_MODE() external view returns (string memory);
    function delegate(address delegatee) external;
    function getVotes(address account) external view returns (uint256);
    function getPastVotes(address account, uint256 timepoint) external view returns (uint256);
    function nonces(address owner) external view returns (uint256);
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;
}

/// @notice A token owned by `governance`, its supply held by `holder`.
abstract contract FabTokenTest is Test {
    uint256 internal constant SUPPLY = 1_000_000e18;
    uint256 internal constant YEAR = 365 days;

    IFullFabToken internal fab;
    address internal governance;
    address internal holder;
    address internal stranger;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (governance, holder, stranger) = (makeAddr("governance"), makeAddr("holder"), makeAddr("stranger"));
        fab = IFullFabToken(address(Deploy.fabToken(governance, holder)));
    }

    function mint(uint256 amount) internal {
        vm.prank(governance);
        fab.mint(stranger, amount);
    }
}
