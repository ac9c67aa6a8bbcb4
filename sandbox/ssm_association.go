package sandbox

import (
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// stateManagerOperations are those of State Manager
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-state.html).
func stateManagerOperations() []operation {
	return []operation{
		{name: "CreateAssociation", resources: newAssociationResources, handle: createAssociation},
		{name: "DeleteAssociation", resources: func(c *call) []string { return []string{c.arn("association/" + c.in.str("AssociationId"))} }, handle: deleteAssociation},
		{name: "StartAssociationsOnce", resources: startedAssociations, handle: startAssociations},
		{name: "DescribeInstanceAssociationsStatus", resources: func(c *call) []string {
			return []string{arn("ec2", c.region, c.account.id, "instance/"+c.in.str("InstanceId"))}
		}, handle: describeInstanceAssociations},
	}
}

// association has instances run a document when it is started: schedules are
// not kept.
type association struct {
	id, name, document string
	instances          []string // ids, or "*" alone
	created            time.Time
	started            time.Time // zero: never
}

func newAssociationResources(c *call) []string {
	out := documentOfInput(c)
	for _, id := range associationTargets(c.in) {
		out = append(out, arn("ec2", c.region, c.account.id, "instance/"+id))
	}
	return out
}

// associationTargets are the ids of instances; nil where the input names none.
func associationTargets(in input) []string {
	if id := in.str("InstanceId"); id != "" {
		return []string{id}
	}
	for _, t := range in.objects("Targets") {
		if t.str("Key") == "InstanceIds" {
			return t.strs("Values")
		}
	}
	return nil
}

func createAssociation(c *call) (wire.Object, error) {
	targets := associationTargets(c.in)
	if len(targets) == 0 {
		return nil, wire.Errorf("InvalidTarget", "The sandbox knows targets by InstanceIds only.")
	}
	a := association{
		id: c.sb.newUUID(), name: c.in.str("AssociationName"), document: c.in.str("Name"), instances: targets, created: c.time.UTC(),
	}
	if _, err := c.document(a.document); err != nil && !amazonDocument(a.document) {
		return nil, err
	}
	all := c.ssm()
	all.associations = append(all.associations, a)
	return wire.Object{"AssociationDescription": wire.Object{
		"AssociationId": a.id, "AssociationName": a.name, "AssociationVersion": "1", "Name": a.document, "DocumentVersion": "$DEFAULT",
		"Date": a.created, "LastUpdateAssociationDate": a.created, "Overview": wire.Object{"Status": "Pending", "DetailedStatus": "Creating"},
		"Targets": wire.List{wire.Object{"Key": "InstanceIds", "Values": list(targets, func(id string) any { return id })}},
	}}, nil
}

func noAssociation() error {
	return wire.Errorf("AssociationDoesNotExist", "The specified association does not exist.")
}

func deleteAssociation(c *call) (wire.Object, error) {
	all := c.ssm()
	rest := slices.DeleteFunc(slices.Clone(all.associations), func(a association) bool { return a.id == c.in.str("AssociationId") })
	if len(rest) == len(all.associations) {
		return nil, noAssociation()
	}
	all.associations = rest
	return wire.Object{}, nil
}

func startedAssociations(c *call) []string {
	var out []string
	for _, id := range c.in.strs("AssociationIds") {
		out = append(out, c.arn("association/"+id))
	}
	return out
}

func startAssociations(c *call) (wire.Object, error) {
	all := c.ssm()
	var at []int
	for _, id := range c.in.strs("AssociationIds") {
		i := slices.IndexFunc(all.associations, func(a association) bool { return a.id == id })
		if i < 0 {
			return nil, noAssociation()
		}
		at = append(at, i)
	}
	for _, i := range at {
		all.associations[i].started = c.time.UTC()
	}
	return wire.Object{}, nil
}

func describeInstanceAssociations(c *call) (wire.Object, error) {
	id := c.in.str("InstanceId")
	i, managed := c.managedInstance(id)
	if i == nil || managed == "" {
		return nil, wire.Errorf("InvalidInstanceId", "The instance %s is not managed by Systems Manager.", id)
	}
	var found []wire.Object
	for _, a := range c.ssm().associations {
		if !slices.Contains(a.instances, "*") && !slices.Contains(a.instances, id) {
			continue
		}
		one := wire.Object{
			"AssociationId": a.id, "AssociationName": a.name, "AssociationVersion": "1", "Name": a.document, "DocumentVersion": "1",
			"InstanceId": id, "Status": "Pending", "DetailedStatus": "Associated",
		}
		if !a.started.IsZero() {
			status := c.ending(a.document)
			one["ExecutionDate"], one["Status"], one["DetailedStatus"] = a.started, status, status
		}
		found = append(found, one)
	}
	page, next, err := paginate(c, found, c.in.str("NextToken"), c.in.number("MaxResults", 50))
	if err != nil {
		return nil, wire.Errorf("InvalidNextToken", "The specified token isn't valid.")
	}
	out := wire.Object{"InstanceAssociationStatusInfos": list(page, func(o wire.Object) any { return o })}
	put(out, "NextToken", next)
	return out, nil
}

// managedInstance is an instance with the state of the agent on it: "" where
// Systems Manager doesn't manage it, for want of a profile.
func (c *call) managedInstance(id string) (i *instance, ping string) {
	n := liveState(c.sb, stateKey{"ec2", c.account.id, c.region}, func() *network { return &network{} })
	i = n.instance(id)
	if i == nil || i.state == terminated {
		return nil, ""
	}
	for _, a := range n.profiles {
		switch {
		case a.instance != id:
		case i.state == running:
			return i, "Online"
		default:
			return i, "ConnectionLost"
		}
	}
	return i, ""
}
