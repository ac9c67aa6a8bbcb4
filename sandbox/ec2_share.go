package sandbox

import (
	"maps"
	"slices"

	"riposte.dev/sandbox/wire"
)

// shareOperations say who may use snapshots and images, and whether new volumes
// are encrypted.
func shareOperations() []operation {
	snapshotOfInput := func(c *call) []string { return []string{arn("ec2", c.region, "", "snapshot/"+c.in.str("SnapshotId"))} }
	imageOfInput := func(c *call) []string { return []string{arn("ec2", c.region, "", "image/"+c.in.str("ImageId"))} }
	return []operation{
		{name: "GetEbsEncryptionByDefault", handle: getEBSEncryption, record: wrapped()},
		{name: "EnableEbsEncryptionByDefault", handle: setEBSEncryption(true), record: wrapped()},
		{name: "DisableEbsEncryptionByDefault", handle: setEBSEncryption(false), record: wrapped()},
		{name: "DescribeSnapshotAttribute", resources: snapshotOfInput, handle: describeSnapshotAttribute},
		{name: "ModifySnapshotAttribute", resources: snapshotOfInput, handle: modifySnapshotAttribute},
		{name: "RegisterImage", resources: func(c *call) []string { return []string{arn("ec2", c.region, "", "image/*")} }, handle: registerImage},
		{name: "DescribeImages", handle: describeImages},
		{name: "DescribeImageAttribute", resources: imageOfInput, handle: describeImageAttribute},
		{name: "ModifyImageAttribute", resources: imageOfInput, handle: modifyImageAttribute},
	}
}

func getEBSEncryption(c *call) (wire.Object, error) {
	return wire.Object{"EbsEncryptionByDefault": c.ec2().encrypts}, nil
}

func setEBSEncryption(on bool) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		c.ec2().encrypts = on
		return wire.Object{"EbsEncryptionByDefault": on}, nil
	}
}

// image is an AMI, which boots nothing.
type image struct {
	id, name string
	shared   sharing
	tags     map[string]string
}

// sharing is who may use a snapshot or an image: accounts, and the group all.
type sharing struct {
	accounts      []string
	organizations []string // ARNs; of images only
	public        bool
}

// share adds and removes as a Modify…Attribute operation says.
func (s *sharing) share(add, remove []input) {
	for _, p := range add {
		if id := p.str("UserId"); id != "" && !slices.Contains(s.accounts, id) {
			s.accounts = append(s.accounts, id)
		}
		if org := p.str("OrganizationArn"); org != "" && !slices.Contains(s.organizations, org) {
			s.organizations = append(s.organizations, org)
		}
		s.public = s.public || p.str("Group") == "all"
	}
	for _, p := range remove {
		s.accounts = slices.DeleteFunc(s.accounts, func(id string) bool { return id == p.str("UserId") })
		s.organizations = slices.DeleteFunc(s.organizations, func(org string) bool { return org == p.str("OrganizationArn") })
		s.public = s.public && p.str("Group") != "all"
	}
}

func (s sharing) list() wire.List {
	out := list(s.accounts, func(id string) any { return wire.Object{"UserId": id} })
	for _, org := range s.organizations {
		out = append(out, wire.Object{"OrganizationArn": org})
	}
	if s.public {
		out = append(out, wire.Object{"Group": "all"})
	}
	return out
}

func (n *network) cloneShares(out *network) {
	out.encrypts = n.encrypts
	for _, i := range n.images {
		c := *i
		c.shared.accounts, c.shared.organizations, c.tags = slices.Clone(i.shared.accounts), slices.Clone(i.shared.organizations), maps.Clone(i.tags)
		out.images = append(out.images, &c)
	}
}

func (c *call) snapshotOfInput() (*snapshot, error) {
	id := c.in.str("SnapshotId")
	s := firstWhere(c.ec2().snapshots, func(s *snapshot) bool { return s.id == id })
	if s == nil {
		return nil, wire.Errorf("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
	}
	return s, nil
}

func describeSnapshotAttribute(c *call) (wire.Object, error) {
	s, err := c.snapshotOfInput()
	if err != nil {
		return nil, err
	}
	return wire.Object{"SnapshotId": s.id, "CreateVolumePermissions": s.shared.list()}, nil
}

func modifySnapshotAttribute(c *call) (wire.Object, error) {
	s, err := c.snapshotOfInput()
	if err != nil {
		return nil, err
	}
	change := c.in.object("CreateVolumePermission")
	if len(change) == 0 {
		return nil, wire.Errorf("InvalidParameterCombination", "No attributes specified.")
	}
	if err := mayBePublic(c.ec2().blockSnapshots, "snapshot", change.objects("Add")); err != nil {
		return nil, err
	}
	s.shared.share(change.objects("Add"), change.objects("Remove"))
	c.subject("AWS::EC2::Snapshot", s.id)
	return nil, nil
}

func registerImage(c *call) (wire.Object, error) {
	tags, err := c.tagsFor("image")
	if err != nil {
		return nil, err
	}
	i := &image{id: c.sb.ec2ID("ami-"), name: c.in.str("Name"), tags: tags}
	n := c.ec2()
	n.images = append(n.images, i)
	c.subject("AWS::EC2::Ami", i.id)
	return wire.Object{"ImageId": i.id}, nil
}

func (c *call) existingImage(id string) (*image, error) {
	i := firstWhere(c.ec2().images, func(i *image) bool { return i.id == id })
	if i == nil {
		return nil, wire.Errorf("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	return i, nil
}

func describeImages(c *call) (wire.Object, error) {
	all, err := selected(c, "ImageIds", c.ec2().images, c.existingImage)
	if err != nil {
		return nil, err
	}
	return ec2Page(c, all, "Images", func(i *image) any {
		return wire.Object{"ImageId": i.id, "Name": i.name, "OwnerId": c.account.id, "Public": i.shared.public, "State": "available", "Tags": tagList(i.tags)}
	})
}

func describeImageAttribute(c *call) (wire.Object, error) {
	i, err := c.existingImage(c.in.str("ImageId"))
	if err != nil {
		return nil, err
	}
	return wire.Object{"ImageId": i.id, "LaunchPermissions": i.shared.list()}, nil
}

func modifyImageAttribute(c *call) (wire.Object, error) {
	i, err := c.existingImage(c.in.str("ImageId"))
	if err != nil {
		return nil, err
	}
	change := c.in.object("LaunchPermission")
	if len(change) == 0 {
		return nil, wire.Errorf("InvalidParameterCombination", "No attributes specified.")
	}
	if err := mayBePublic(c.ec2().blockImages, "AMI", change.objects("Add")); err != nil {
		return nil, err
	}
	i.shared.share(change.objects("Add"), change.objects("Remove"))
	c.subject("AWS::EC2::Ami", i.id)
	return nil, nil
}
