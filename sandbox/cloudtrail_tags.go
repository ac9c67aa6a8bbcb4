package sandbox

import (
	"maps"
	"slices"

	"riposte.dev/sandbox/wire"
)

// taggable is the trail behind a ResourceId, which must be the ARN of a trail
// of the account itself.
func (c *call) taggable(id string) (*trail, error) {
	m := trailARNRE.FindStringSubmatch(id)
	if m == nil {
		return nil, wire.Errorf("CloudTrailARNInvalidException", "The trail ARN %s is not valid.", id)
	}
	if m[2] != c.account.id {
		return nil, c.foreignARN()
	}
	t := c.trails().byKey[trailKey{m[1], m[3]}]
	if t == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Trail %s not found.", id)
	}
	return t, nil
}

// maxTags is the quota of tags on a trail.
const maxTags = 50

func addTrailTags(c *call) (wire.Object, error) {
	t, err := c.taggable(c.in.str("ResourceId"))
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(t.tags)
	for _, tag := range c.in.objects("TagsList") {
		tags[tag.str("Key")] = tag.str("Value")
	}
	if len(tags) > maxTags {
		return nil, wire.Errorf("TagsLimitExceededException", "A trail has at most %d tags.", maxTags)
	}
	t.tags = tags
	return nil, nil
}

func removeTrailTags(c *call) (wire.Object, error) {
	t, err := c.taggable(c.in.str("ResourceId"))
	if err != nil {
		return nil, err
	}
	for _, tag := range c.in.objects("TagsList") {
		delete(t.tags, tag.str("Key"))
	}
	return nil, nil
}

func listTrailTags(c *call) (wire.Object, error) {
	out := wire.List{}
	for _, id := range c.in.strs("ResourceIdList") {
		t, err := c.taggable(id)
		if err != nil {
			return nil, err
		}
		out = append(out, wire.Object{"ResourceId": id, "TagsList": tagList(t.tags)})
	}
	return wire.Object{"ResourceTagList": out}, nil
}

// tagList is the common Key/Value list of tags, by key.
func tagList(tags map[string]string) wire.List {
	return list(slices.Sorted(maps.Keys(tags)), func(k string) any {
		return wire.Object{"Key": k, "Value": tags[k]}
	})
}
