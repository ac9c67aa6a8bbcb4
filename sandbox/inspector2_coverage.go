package sandbox

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// inspectorAssociations are by what Inspector has the agents collect what
// software there is; the sandbox's instances run Linux
// (https://docs.aws.amazon.com/inspector/latest/user/scanning-ec2.html).
var inspectorAssociations = map[string]string{
	"InspectorInventoryCollection-do-not-delete":  "AWS-GatherSoftwareInventory",
	"InvokeInspectorLinuxSsmPlugin-do-not-delete": "AmazonInspector2-InvokeInspectorSsmPluginLinux",
}

// associateInspector makes Inspector's associations where it scans instances,
// and takes them away where it doesn't any more.
func (c *call) associateInspector(scans bool) {
	all := liveState(c.sb, stateKey{"ssm", c.account.id, c.region}, newSSMState)
	all.associations = slices.DeleteFunc(slices.Clone(all.associations), func(a association) bool { return inspectorAssociations[a.name] != "" && !scans })
	for _, name := range slices.Sorted(maps.Keys(inspectorAssociations)) {
		if scans && !slices.ContainsFunc(all.associations, func(a association) bool { return a.name == name }) {
			all.associations = append(all.associations, association{
				id: c.sb.newUUID(), name: name, document: inspectorAssociations[name], instances: []string{"*"}, created: c.time.UTC(),
			})
		}
	}
}

// listCoverage lists the instances, where Inspector scans such
// (https://docs.aws.amazon.com/inspector/v2/APIReference/API_ListCoverage.html).
func listCoverage(c *call) (wire.Object, error) {
	filter := c.in.object("filterCriteria")
	wants := func(name, value string) bool {
		conditions := filter.objects(name)
		return len(conditions) == 0 || slices.ContainsFunc(conditions, func(f input) bool {
			return (f.str("comparison") == "EQUALS") == (f.str("value") == value)
		})
	}
	var found []wire.Object
	if stateOf(c, stateKey{"inspector2", c.account.id, c.region}, newInspector).on["EC2"] && wants("resourceType", "AWS_EC2_INSTANCE") {
		n := liveState(c.sb, stateKey{"ec2", c.account.id, c.region}, func() *network { return &network{} })
		for _, i := range n.instances {
			if i.state == terminated || !wants("resourceId", i.id) {
				continue
			}
			found = append(found, wire.Object{
				"accountId": c.account.id, "resourceId": i.id, "resourceType": "AWS_EC2_INSTANCE", "scanType": "PACKAGE", "scanStatus": c.coverage(i),
			})
		}
	}
	slices.SortFunc(found, func(a, b wire.Object) int {
		return strings.Compare(input(a).str("resourceId"), input(b).str("resourceId"))
	})
	page, next, err := paginate(c, found, c.in.str("nextToken"), c.in.number("maxResults", 100))
	if err != nil {
		return nil, c.fail(wire.Invalid, "The nextToken is not valid.")
	}
	out := wire.Object{"coveredResources": list(page, func(o wire.Object) any { return o })}
	put(out, "nextToken", next)
	return out, nil
}

func (c *call) coverage(i *instance) wire.Object {
	inactive := func(reason string) wire.Object { return wire.Object{"statusCode": "INACTIVE", "reason": reason} }
	_, excluded := i.tags["InspectorEc2Exclusion"]
	_, ping := c.managedInstance(i.id)
	switch {
	case excluded:
		return inactive("EXCLUDED_BY_TAG")
	case i.state != running:
		return inactive("EC2_INSTANCE_STOPPED")
	case ping == "":
		return inactive("UNMANAGED_EC2_INSTANCE")
	}
	return wire.Object{"statusCode": "ACTIVE", "reason": "SUCCESSFUL"}
}
