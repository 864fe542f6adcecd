// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

/// @title UpgradeableProxy
/// @notice Stands before each contract that governance may upgrade (UUPS). Money that users are owed is never behind one.
contract UpgradeableProxy is ERC1967Proxy {
    /// @param implementation_ Whose code runs.
    /// @param call What sets it up; must not be empty.
    constructor(address implementation_, bytes memory call) ERC1967Proxy(implementation_, call) {}
}
