package sandbox

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"riposte.dev/sandbox/wire"
)

// tagsFor are the tags that a call gives to the resources of that type which it
// makes.
func (c *call) tagsFor(kind string) (map[string]string, error) {
	tags := map[string]string{}
	for _, spec := range c.in.objects("TagSpecifications") {
		if got := spec.str("ResourceType"); got != kind {
			return nil, c.fail(wire.Invalid, "'%s' is not a valid taggable resource type for this operation.", got)
		}
		if err := c.addEC2Tags(tags, spec.objects("Tags")); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

// addEC2Tags sets tags within EC2's restrictions
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions).
func (c *call) addEC2Tags(to map[string]string, tags []input) error {
	for _, t := range tags {
		key, value := t.str("Key"), t.str("Value")
		switch {
		case key == "":
			return c.fail(wire.MissingParameter, "The request must contain the parameter Tag.1.Key")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return c.fail(wire.Invalid, "Value ( %s ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use", key)
		case utf8.RuneCountInString(key) > 128:
			return c.fail(wire.Invalid, "Value ( %s ) for parameter key is invalid. Tag key exceeds the maximum length of 128 characters", key)
		case utf8.RuneCountInString(value) > 256:
			return c.fail(wire.Invalid, "Value ( %s ) for parameter value is invalid. Tag value exceeds the maximum length of 256 characters", value)
		}
		to[key] = value
	}
	if len(to) > maxTags {
		return wire.Errorf("TagLimitExceeded", "The maximum number of tags (%d) has been reached.", maxTags)
	}
	return nil
}

// ec2TagsOf are the tags of a resource, to read and to change.
func (c *call) ec2TagsOf(id string) (map[string]string, error) {
	switch ec2Kind(id) {
	case "vpc":
		v, err := c.existingVPC(id)
		if err != nil {
			return nil, err
		}
		return v.tags, nil
	case "security-group":
		g, err := c.existingGroup(id)
		if err != nil {
			return nil, err
		}
		return g.tags, nil
	case "security-group-rule":
		if err := checkID(id, "sgr-", "InvalidSecurityGroupRuleId.Malformed"); err != nil {
			return nil, err
		}
		_, r := c.ec2().rule(id)
		if r == nil {
			return nil, noSuchRule(id)
		}
		return r.tags, nil
	}
	return c.instanceTags(id)
}

func createTags(c *call) (wire.Object, error) {
	var all []map[string]string
	for _, id := range c.in.strs("Resources") {
		tags, err := c.ec2TagsOf(id)
		if err != nil {
			return nil, err
		}
		if err := c.addEC2Tags(maps.Clone(tags), c.in.objects("Tags")); err != nil {
			return nil, err
		}
		all = append(all, tags)
	}
	for _, tags := range all {
		if err := c.addEC2Tags(tags, c.in.objects("Tags")); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// deleteTags takes tags off: those with the value where one is given (also an
// empty one), all without a list.
func deleteTags(c *call) (wire.Object, error) {
	var all []map[string]string
	for _, id := range c.in.strs("Resources") {
		tags, err := c.ec2TagsOf(id)
		if err != nil {
			return nil, err
		}
		all = append(all, tags)
	}
	for _, tags := range all {
		if !c.in.has("Tags") {
			clear(tags)
		}
		for _, t := range c.in.objects("Tags") {
			if key := t.str("Key"); !t.has("Value") || tags[key] == t.str("Value") {
				delete(tags, key)
			}
		}
	}
	return nil, nil
}

// resourceTag is one tag of one resource.
type resourceTag struct{ id, key, value string }

func describeTags(c *call) (wire.Object, error) {
	var all []resourceTag
	add := func(id string, tags map[string]string) {
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			all = append(all, resourceTag{id, k, tags[k]})
		}
	}
	for _, v := range c.ec2().vpcs {
		add(v.id, v.tags)
	}
	for _, g := range c.ec2().groups {
		add(g.id, g.tags)
		for _, r := range g.rules {
			add(r.id, r.tags)
		}
	}
	for _, i := range c.ec2().instances {
		add(i.id, i.tags)
		for _, e := range i.interfaces {
			add(e.id, e.tags)
		}
	}
	for _, v := range c.ec2().volumes {
		add(v.id, v.tags)
	}
	for _, s := range c.ec2().snapshots {
		add(s.id, s.tags)
	}
	found, err := filtered(c, all, func(t resourceTag) ec2Attributes {
		return ec2Attributes{
			"key": {t.key}, "value": {t.value}, "resource-id": {t.id}, "resource-type": {ec2Kind(t.id)},
		}.tagged(map[string]string{t.key: t.value})
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "Tags", func(t resourceTag) any {
		return wire.Object{"Key": t.key, "Value": t.value, "ResourceId": t.id, "ResourceType": ec2Kind(t.id)}
	})
}
