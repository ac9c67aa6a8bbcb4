package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// webACLOperations are those on web ACLs and on what they protect.
func webACLOperations() []operation {
	named := func(c *call) []string {
		if arn := c.in.str("ARN"); arn != "" {
			return []string{arn}
		}
		return []string{c.wafARN("webacl", c.in.str("Scope"), c.in.str("Name"), orElse(c.in.str("Id"), "*"))}
	}
	return append([]operation{
		{name: "CreateWebACL", resources: named, handle: createWebACL},
		{name: "GetWebACL", resources: named, handle: getWebACL},
		{name: "ListWebACLs", handle: listWebACLs},
		{name: "DeleteWebACL", resources: named, handle: deleteWebACL},
	}, associationOperations()...)
}

// webACL is never changed.
type webACL struct {
	id, name, arn, scope, lock string
	settings                   wire.Object // DefaultAction, Rules, VisibilityConfig, Description
	tags                       map[string]string
}

const maxWebACLs = 100 // https://docs.aws.amazon.com/waf/latest/developerguide/limits.html

func createWebACL(c *call) (wire.Object, error) {
	if err := c.checkScope(); err != nil {
		return nil, err
	}
	s, scope, name := c.ipSets(), c.in.str("Scope"), c.in.str("Name")
	scoped := slices.DeleteFunc(slices.Clone(s.acls), func(a *webACL) bool { return a.scope != scope })
	if firstWhere(scoped, func(a *webACL) bool { return a.name == name }) != nil {
		return nil, wafDuplicate()
	}
	if len(scoped) >= maxWebACLs {
		return nil, wafLimit()
	}
	if action := c.in.object("DefaultAction"); len(action) != 1 {
		return nil, wafInvalid("You have to specify exactly one default action., field: DEFAULT_ACTION")
	}
	names, priorities := map[string]bool{}, map[int]bool{}
	for _, r := range c.in.objects("Rules") {
		if names[r.str("Name")] || priorities[r.number("Priority", 0)] {
			return nil, wafInvalid("You have used the same name or priority twice., field: RULE, parameter: " + r.str("Name"))
		}
		names[r.str("Name")], priorities[r.number("Priority", 0)] = true, true
	}
	a := &webACL{id: c.sb.newUUID(), name: name, scope: scope, lock: c.sb.newUUID(), settings: wire.Object{"Rules": wire.List{}}, tags: c.inputTags()}
	a.arn = c.wafARN("webacl", scope, name, a.id)
	for _, member := range []string{"DefaultAction", "Rules", "VisibilityConfig", "Description"} {
		if v := c.in[member]; v != nil {
			a.settings[member] = v
		}
	}
	s.acls = append(s.acls, a)
	return wire.Object{"Summary": a.summary()}, nil
}

func (a *webACL) summary() wire.Object {
	return wire.Object{"Name": a.name, "Id": a.id, "LockToken": a.lock, "ARN": a.arn, "Description": input(a.settings).str("Description")}
}

// describe is the web ACL whole.
func (a *webACL) describe() wire.Object {
	out := wire.Object{"Name": a.name, "Id": a.id, "ARN": a.arn, "Capacity": int64(len(input(a.settings).objects("Rules"))), "ManagedByFirewallManager": false}
	for k, v := range a.settings {
		out[k] = v
	}
	return out
}

// webACL is the one that the input names, by its ARN or by scope, name and id.
func (c *call) webACL() (*webACL, error) {
	if err := c.checkScope(); err != nil {
		return nil, err
	}
	a := firstWhere(c.ipSets().acls, func(a *webACL) bool {
		if arn := c.in.str("ARN"); arn != "" {
			return a.arn == arn
		}
		return a.id == c.in.str("Id") && a.name == c.in.str("Name") && a.scope == c.in.str("Scope")
	})
	if a == nil {
		return nil, noWAFItem()
	}
	return a, nil
}

func getWebACL(c *call) (wire.Object, error) {
	a, err := c.webACL()
	if err != nil {
		return nil, err
	}
	return wire.Object{"WebACL": a.describe(), "LockToken": a.lock}, nil
}

func listWebACLs(c *call) (wire.Object, error) {
	if err := c.checkScope(); err != nil {
		return nil, err
	}
	scoped := slices.DeleteFunc(slices.Clone(c.ipSets().acls), func(a *webACL) bool { return a.scope != c.in.str("Scope") })
	page, next, err := paginate(c, scoped, c.in.str("NextMarker"), c.in.number("Limit", 100))
	if err != nil {
		return nil, wafInvalid("The marker is not valid.")
	}
	out := wire.Object{"WebACLs": list(page, func(a *webACL) any { return a.summary() })}
	put(out, "NextMarker", next)
	return out, nil
}

func deleteWebACL(c *call) (wire.Object, error) {
	a, err := c.webACL()
	switch {
	case err != nil:
		return nil, err
	case a.lock != c.in.str("LockToken"):
		return nil, staleLock()
	}
	s := c.ipSets()
	for resource, acl := range s.behind {
		if acl == a.arn && c.protectable(resource) {
			return nil, wire.Errorf("WAFAssociatedItemException", "AWS WAF couldn’t perform the operation because your resource is being used by another resource or it’s associated with another resource.")
		}
	}
	s.acls = without(s.acls, a)
	return wire.Object{}, nil
}
