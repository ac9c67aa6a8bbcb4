package wafv2

import (
	"encoding/json"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

// BlockAddress is the action wafv2.block-address.
type BlockAddress struct{ entry }

// UnblockAddress is the action wafv2.unblock-address.
type UnblockAddress struct{ entry }

var (
	_ action.Action = (*BlockAddress)(nil)
	_ action.Action = (*UnblockAddress)(nil)
)

// NewBlockAddress returns the action that adds an address to an IP set; it reaches accounts through caller.
func NewBlockAddress(caller *awscall.Caller) action.Action {
	return &BlockAddress{entry{caller, action.Spec{
		Name:  "wafv2.block-address",
		Title: "Add an address to a WAF IP set",
		Description: "Adds an address or a network to an IP set of AWS WAF, which a rule of yours blocks. All other addresses stay. Refused " +
			"are networks wider than /16 (IPv6: /32), and addresses that nobody in the Internet has.",
		Parameters:  json.RawMessage(schema),
		Permissions: permissions,
		Effect:      action.StateChecked,
		Evidence:    action.EventEvidence,
	}, true, mayBlock}}
}

// NewUnblockAddress returns the action that takes an address out of an IP set; it reaches accounts through caller.
func NewUnblockAddress(caller *awscall.Caller) action.Action {
	return &UnblockAddress{entry{caller, action.Spec{
		Name:  "wafv2.unblock-address",
		Title: "Take an address out of a WAF IP set",
		Description: "Takes an address or a network out of an IP set of AWS WAF. All other addresses stay. A part of a network of the set " +
			"cannot be taken out: that is escalated.",
		Parameters:  json.RawMessage(schema),
		Permissions: permissions,
		Effect:      action.StateChecked,
		Evidence:    action.EventEvidence,
	}, false, anyAddress}}
}
