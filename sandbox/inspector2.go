package sandbox

import (
	"maps"
	"strings"

	"riposte.dev/sandbox/wire"
)

// inspectorService answers for what Inspector scans, and scans nothing
// (https://docs.aws.amazon.com/inspector/v2/APIReference/API_Operations.html).
// Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoninspector2.html,
// none of which has a resource here.
func inspectorService() *service {
	return &service{
		name: "inspector2", prefix: "inspector2",
		operations: []operation{
			{name: "Enable", also: inspectorNeeds, handle: enableInspector},
			{name: "Disable", handle: disableInspector},
			{name: "BatchGetAccountStatus", handle: getInspectorStatus},
			{name: "ListCoverage", handle: listCoverage},
		},
	}
}

// inspectorRoles are Inspector's own, and that by which it reads volumes.
var inspectorRoles = []linkedRole{
	{"inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2"},
	{"agentless.inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2Agentless"},
}

func inspectorNeeds(c *call) []need {
	var needs []need
	for _, role := range inspectorRoles {
		needs = append(needs, role.needs(c)...)
	}
	return needs
}

// inspector is what is scanned of an account in a region.
type inspector struct{ on map[string]bool } // by resource type

func newInspector() *inspector { return &inspector{map[string]bool{}} }

func (s *inspector) clone() stater { return &inspector{maps.Clone(s.on)} }

func (s *inspector) status(kind string) string {
	if s.on[kind] {
		return "ENABLED"
	}
	return "DISABLED"
}

// whole is the account's status: on as long as anything is.
func (s *inspector) whole() string {
	for kind, on := range s.on {
		if on {
			return s.status(kind)
		}
	}
	return "DISABLED"
}

var scanned = []string{"EC2", "ECR", "LAMBDA"}

// onAccounts does it to the accounts of the input, the caller's if none is
// named; others are refused one by one.
func onAccounts(c *call, describe func(*inspector) wire.Object, do func(*inspector)) wire.Object {
	ids := c.in.strs("accountIds")
	if len(ids) == 0 {
		ids = []string{c.account.id}
	}
	done, failed := wire.List{}, wire.List{}
	for _, id := range ids {
		if id != c.account.id {
			failed = append(failed, wire.Object{"accountId": id, "errorCode": "ACCESS_DENIED", "errorMessage": "Caller does not have access to account " + id})
			continue
		}
		s := stateOf(c, stateKey{"inspector2", id, c.region}, newInspector)
		do(s)
		out := describe(s)
		out["accountId"] = id
		done = append(done, out)
	}
	return wire.Object{"accounts": done, "failedAccounts": failed}
}

func describeInspector(s *inspector) wire.Object {
	resources := wire.Object{}
	for _, kind := range scanned {
		resources[strings.ToLower(kind)] = s.status(kind)
	}
	return wire.Object{"status": s.whole(), "resourceStatus": resources}
}

func enableInspector(c *call) (wire.Object, error) {
	for _, role := range inspectorRoles {
		role.make(c)
	}
	return onAccounts(c, describeInspector, func(s *inspector) {
		for _, kind := range c.in.strs("resourceTypes") {
			s.on[kind] = true
		}
		c.associateInspector(s.on["EC2"])
	}), nil
}

func disableInspector(c *call) (wire.Object, error) {
	kinds := c.in.strs("resourceTypes")
	if len(kinds) == 0 {
		kinds = scanned
	}
	return onAccounts(c, describeInspector, func(s *inspector) {
		for _, kind := range kinds {
			delete(s.on, kind)
		}
		c.associateInspector(s.on["EC2"])
	}), nil
}

func getInspectorStatus(c *call) (wire.Object, error) {
	state := func(status string) wire.Object {
		return wire.Object{"status": status, "errorCode": "ALREADY_ENABLED", "errorMessage": ""}
	}
	return onAccounts(c, func(s *inspector) wire.Object {
		resources := wire.Object{}
		for _, kind := range scanned {
			resources[strings.ToLower(kind)] = state(s.status(kind))
		}
		return wire.Object{"state": state(s.whole()), "resourceState": resources}
	}, func(*inspector) {}), nil
}
