package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// configItem is how AWS Config has recorded a resource.
type configItem struct {
	at   time.Time
	item wire.Object
}

// maxConfigItems is how many items of one resource are kept.
const maxConfigItems = 100

// recordConfiguration records the roles and buckets that a call has changed, at once; AWS takes some minutes.
func (c *call) recordConfiguration() {
	if c.account == nil || len(c.subjects) == 0 {
		return // nobody's call
	}
	s := c.config()
	if !s.recording {
		return
	}
	for _, r := range c.subjects {
		switch r.kind {
		case "AWS::IAM::Role":
			if role := c.identities().roles[r.name]; role != nil {
				s.record(c, roleItem(role))
			}
		case "AWS::S3::Bucket":
			if b := c.s3().byName[r.name]; b != nil && b.account == c.account.id {
				s.record(c, bucketItem(b))
			}
		}
	}
}

// recordAll records what is there already, as AWS Config does when its recorder starts.
func (c *call) recordAll(s *configState) {
	if c.region == defaultRegion {
		for _, r := range c.identities().roles {
			s.record(c, roleItem(r))
		}
	}
	for _, b := range c.s3().byName {
		if b.account == c.account.id && b.region == c.region {
			s.record(c, bucketItem(b))
		}
	}
}

// record adds an item, unless nothing of it has changed.
func (s *configState) record(c *call, item wire.Object) {
	key := item["resourceType"].(string) + "/" + item["resourceId"].(string)
	old := s.items[key]
	item["configurationItemStatus"] = "OK"
	if len(old) == 0 {
		item["configurationItemStatus"] = "ResourceDiscovered"
	}
	if n := len(old); n > 0 && jsonText(old[n-1].item["configuration"]) == jsonText(item["configuration"]) &&
		jsonText(old[n-1].item["supplementaryConfiguration"]) == jsonText(item["supplementaryConfiguration"]) {
		return
	}
	item["version"], item["accountId"] = "1.3", c.account.id
	item["configurationItemCaptureTime"] = c.time.UTC()
	s.items = maps.Clone(s.items)
	if s.items == nil {
		s.items = map[string][]configItem{}
	}
	s.items[key] = append(slices.Clip(old[max(0, len(old)-maxConfigItems+1):]), configItem{c.time, item})
}

func jsonText(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and times
	}
	return string(raw)
}

// roleItem is the item of a role; AWS writes its policies as IAM's API does.
func roleItem(r *role) wire.Object {
	return wire.Object{
		"resourceType": "AWS::IAM::Role", "resourceId": r.id, "resourceName": r.name, "arn": r.arn, "awsRegion": "global",
		"configuration": jsonText(map[string]any{
			"path": r.path, "roleName": r.name, "roleId": r.id, "arn": r.arn, "createDate": r.created.UTC(),
			"assumeRolePolicyDocument": escapeDocument(r.trust),
		}),
	}
}

// bucketItem is the item of a bucket: each part of it is JSON in a text.
func bucketItem(b *bucket) wire.Object {
	owner := map[string]any{"id": canonicalID(b.account), "displayName": nil}
	names := map[string]string{allUsersGroup: "AllUsers", authenticatedUsersGroup: "AuthenticatedUsers", logDeliveryGroup: "LogDelivery"}
	permissions := map[string]string{"FULL_CONTROL": "FullControl", "READ": "Read", "WRITE": "Write", "READ_ACP": "ReadAcp", "WRITE_ACP": "WriteAcp"}
	acl := b.settings.acl
	if acl == nil {
		acl = ownersGrant(b.account)
	}
	var grants []any
	for _, g := range (input{"grants": acl}).objects("grants") {
		var to any = names[g.object("Grantee").str("URI")]
		if id := g.object("Grantee").str("ID"); id != "" {
			to = map[string]any{"id": id, "displayName": nil}
		}
		grants = append(grants, map[string]any{"grantee": to, "permission": permissions[g.str("Permission")]})
	}
	var policy any
	if b.policy != "" {
		policy = b.policy
	}
	return wire.Object{
		"resourceType": "AWS::S3::Bucket", "resourceId": b.name, "resourceName": b.name, "arn": "arn:aws:s3:::" + b.name, "awsRegion": b.region,
		"configuration": jsonText(map[string]any{"name": b.name, "owner": owner, "creationDate": b.created}),
		"supplementaryConfiguration": wire.Object{
			"BucketPolicy":      jsonText(map[string]any{"policyText": policy}),
			"AccessControlList": jsonText(jsonText(map[string]any{"grantSet": nil, "grantList": grants, "owner": owner, "isRequesterCharged": false})),
		},
	}
}

// getConfigHistory answers with a resource's items, the newest first unless asked otherwise.
func getConfigHistory(c *call) (wire.Object, error) {
	s := c.config()
	if s.recorder == nil {
		return nil, wire.Errorf("NoAvailableConfigurationRecorderException", "Configuration recorder is not available.")
	}
	items := slices.Clone(s.items[c.in.str("resourceType")+"/"+c.in.str("resourceId")])
	if len(items) == 0 {
		return nil, wire.Errorf("ResourceNotDiscoveredException", "Resource %s of resourceType:%s is unknown or has not been discovered", c.in.str("resourceId"), c.in.str("resourceType"))
	}
	if c.in.str("chronologicalOrder") != "Forward" {
		slices.Reverse(items)
	}
	from, _ := c.in["earlierTime"].(time.Time)
	to, limited := c.in["laterTime"].(time.Time)
	if limited && to.Before(from) {
		return nil, wire.Errorf("InvalidTimeRangeException", "The earlier time is after the later time.")
	}
	out := wire.List{}
	for _, i := range items {
		if i.at.Before(from) || limited && i.at.After(to) {
			continue
		}
		if out = append(out, i.item); len(out) == c.in.number("limit", 10) {
			break
		}
	}
	return wire.Object{"configurationItems": out}, nil
}
