package sandbox

import (
	"maps"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// instance is an EC2 instance, which runs nothing.
type instance struct {
	id, image, kind, vpc, subnet, state string
	launched                            time.Time
	protected                           bool // from termination by the API
	spot                                bool
	interfaces                          []*networkInterface
	devices                             []device
	metadata                            metadataOptions
	tags                                map[string]string
}

// device is a volume under the name by which the instance has it. The first is
// the root's.
type device struct{ name, volume string }

type networkInterface struct {
	id, address string
	index       int
	groups      []string // ids
	tags        map[string]string
}

type volume struct {
	id, instance string // "" when it is attached to none
	device       string
	size         int
	encrypted    bool
	key          string // ARN; "" for that which AWS manages
	created      time.Time
	tags         map[string]string
}

type snapshot struct {
	id, volume, description string
	size                    int
	started                 time.Time
	shared                  sharing
	tags                    map[string]string
}

// The states of an instance, and their codes.
const (
	running    = "running"
	stopped    = "stopped"
	terminated = "terminated"
)

func stateObject(name string) wire.Object {
	return wire.Object{"Name": name, "Code": map[string]int64{running: 16, terminated: 48, stopped: 80}[name]}
}

func (n *network) cloneInstances(out *network) {
	for _, i := range n.instances {
		c := *i
		c.devices, c.tags, c.interfaces = slices.Clone(i.devices), maps.Clone(i.tags), nil
		for _, e := range i.interfaces {
			ec := *e
			ec.groups, ec.tags = slices.Clone(e.groups), maps.Clone(e.tags)
			c.interfaces = append(c.interfaces, &ec)
		}
		out.instances = append(out.instances, &c)
	}
	for _, v := range n.volumes {
		c := *v
		c.tags = maps.Clone(v.tags)
		out.volumes = append(out.volumes, &c)
	}
	for _, s := range n.snapshots {
		c := *s
		c.tags, c.shared.accounts = maps.Clone(s.tags), slices.Clone(s.shared.accounts)
		out.snapshots = append(out.snapshots, &c)
	}
}

func (n *network) instance(id string) *instance {
	return firstWhere(n.instances, func(i *instance) bool { return i.id == id })
}

func (n *network) volume(id string) *volume {
	return firstWhere(n.volumes, func(v *volume) bool { return v.id == id })
}

// networkInterface finds an interface and its instance.
func (n *network) networkInterface(id string) (*instance, *networkInterface) {
	for _, i := range n.instances {
		if e := firstWhere(i.interfaces, func(e *networkInterface) bool { return e.id == id }); e != nil {
			return i, e
		}
	}
	return nil, nil
}

// usesGroup says whether an interface has the security group.
func (n *network) usesGroup(id string) bool {
	return slices.ContainsFunc(n.instances, func(i *instance) bool {
		return slices.ContainsFunc(i.interfaces, func(e *networkInterface) bool { return slices.Contains(e.groups, id) })
	})
}

// existingInstance is the instance with that id, also for a while after it was
// terminated.
func (c *call) existingInstance(id string) (*instance, error) {
	if err := checkID(id, "i-", "InvalidInstanceID.Malformed"); err != nil {
		return nil, err
	}
	i := c.ec2().instance(id)
	if i == nil {
		return nil, wire.Errorf("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
	}
	return i, nil
}

// instanceTags are the tags of an instance or of what belongs to one.
func (c *call) instanceTags(id string) (map[string]string, error) {
	n := c.ec2()
	switch ec2Kind(id) {
	case "instance":
		i, err := c.existingInstance(id)
		if err != nil {
			return nil, err
		}
		return i.tags, nil
	case "volume":
		if v := n.volume(id); v != nil {
			return v.tags, nil
		}
		return nil, wire.Errorf("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
	case "snapshot":
		if s := firstWhere(n.snapshots, func(s *snapshot) bool { return s.id == id }); s != nil {
			return s.tags, nil
		}
		return nil, wire.Errorf("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
	case "network-interface":
		if _, e := n.networkInterface(id); e != nil {
			return e.tags, nil
		}
		return nil, noSuchInterface(id)
	}
	return nil, wire.Errorf("InvalidID", "The ID '%s' is not valid", id)
}

func noSuchInterface(id string) error {
	return wire.Errorf("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", id)
}
