package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// addVolumes gives a new instance the volumes that the input maps, and a root
// volume where it maps none.
func (n *network) addVolumes(c *call, i *instance, tags func(kind string) map[string]string) {
	add := func(name string, size int, encrypted bool, key string) {
		v := &volume{id: c.sb.ec2ID("vol-"), instance: i.id, device: name, size: size, encrypted: encrypted, key: key, created: c.time.UTC(), tags: tags("volume")}
		n.volumes = append(n.volumes, v)
		i.devices = append(i.devices, device{name, v.id})
	}
	const root = "/dev/xvda"
	mapped := c.in.objects("BlockDeviceMappings")
	if !slices.ContainsFunc(mapped, func(m input) bool { return m.str("DeviceName") == root }) {
		add(root, 8, false, "")
	}
	for _, m := range mapped {
		ebs := m.object("Ebs")
		key := ebs.str("KmsKeyId")
		if key != "" {
			key = c.keyARN(key)
		}
		add(m.str("DeviceName"), ebs.number("VolumeSize", 8), ebs.flag("Encrypted", false), key)
	}
}

func describeVolumes(c *call) (wire.Object, error) {
	all := c.ec2().volumes
	if ids := c.in.strs("VolumeIds"); len(ids) > 0 {
		all = nil
		for _, id := range ids {
			v := c.ec2().volume(id)
			if v == nil {
				return nil, wire.Errorf("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
			}
			all = append(all, v)
		}
	}
	found, err := filtered(c, all, func(v *volume) ec2Attributes {
		return ec2Attributes{"volume-id": {v.id}, "attachment.instance-id": {v.instance}, "attachment.device": {v.device}, "status": {"in-use"}}.tagged(v.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "Volumes", func(v *volume) any {
		out := wire.Object{
			"VolumeId": v.id, "Size": int64(v.size), "State": "in-use", "CreateTime": v.created, "AvailabilityZone": c.region + "a", "VolumeType": "gp3", "Encrypted": v.encrypted, "Tags": tagList(v.tags),
			"Attachments": wire.List{wire.Object{"VolumeId": v.id, "InstanceId": v.instance, "Device": v.device, "State": "attached", "AttachTime": v.created}},
		}
		put(out, "KmsKeyId", v.key)
		return out
	})
}

func newSnapshotResources(c *call) []string {
	spec := c.in.object("InstanceSpecification")
	out := []string{c.arn("instance/" + spec.str("InstanceId")), arn("ec2", c.region, "", "snapshot/*")}
	if i, err := c.existingInstance(spec.str("InstanceId")); err == nil {
		for _, d := range i.devices {
			if !slices.Contains(spec.strs("ExcludeDataVolumeIds"), d.volume) {
				out = append(out, c.arn("volume/"+d.volume))
			}
		}
	}
	return out
}

// createSnapshots makes a snapshot of every volume of an instance but those that
// are left out. They are complete at once.
func createSnapshots(c *call) (wire.Object, error) {
	spec := c.in.object("InstanceSpecification")
	i, err := c.existingInstance(spec.str("InstanceId"))
	if err != nil {
		return nil, err
	}
	if i.state == terminated {
		return nil, incorrectState(i)
	}
	tags, err := c.tagsFor("snapshot")
	if err != nil {
		return nil, err
	}
	n, without := c.ec2(), spec.strs("ExcludeDataVolumeIds")
	if slices.Contains(without, i.devices[0].volume) {
		return nil, c.fail(wire.Invalid, "The root volume %s cannot be in ExcludeDataVolumeIds.", i.devices[0].volume)
	}
	var made []*snapshot
	for k, d := range i.devices {
		if k == 0 && spec.flag("ExcludeBootVolume", false) || slices.Contains(without, d.volume) {
			continue
		}
		s := &snapshot{id: c.sb.ec2ID("snap-"), volume: d.volume, description: c.in.str("Description"), size: n.volume(d.volume).size, started: c.time.UTC(), tags: map[string]string{}}
		for key, value := range tags {
			s.tags[key] = value
		}
		made = append(made, s)
		c.subject("AWS::EC2::Snapshot", s.id)
	}
	if len(made) == 0 {
		return nil, c.fail(wire.Invalid, "The instance %s has no volumes left to snapshot.", i.id)
	}
	n.snapshots = append(n.snapshots, made...)
	return wire.Object{"Snapshots": list(made, func(s *snapshot) any {
		return wire.Object{
			"SnapshotId": s.id, "VolumeId": s.volume, "Description": s.description, "State": "pending", "Progress": "", "VolumeSize": int64(s.size),
			"StartTime": s.started, "OwnerId": c.account.id, "Encrypted": false, "Tags": tagList(s.tags),
		}
	})}, nil
}

func describeSnapshots(c *call) (wire.Object, error) {
	all := c.ec2().snapshots
	if ids := c.in.strs("SnapshotIds"); len(ids) > 0 {
		all = nil
		for _, id := range ids {
			s := firstWhere(c.ec2().snapshots, func(s *snapshot) bool { return s.id == id })
			if s == nil {
				return nil, wire.Errorf("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
			}
			all = append(all, s)
		}
	}
	found, err := filtered(c, all, func(s *snapshot) ec2Attributes {
		return ec2Attributes{"snapshot-id": {s.id}, "volume-id": {s.volume}, "description": {s.description}, "status": {"completed"}, "owner-id": {c.account.id}}.tagged(s.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "Snapshots", func(s *snapshot) any {
		return wire.Object{
			"SnapshotId": s.id, "VolumeId": s.volume, "Description": s.description, "State": "completed", "Progress": "100%", "VolumeSize": int64(s.size),
			"StartTime": s.started, "OwnerId": c.account.id, "Encrypted": false, "StorageTier": "standard", "Tags": tagList(s.tags),
		}
	})
}
