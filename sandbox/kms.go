package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// kmsService answers for keys, and encrypts nothing
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html.
func kmsService() *service {
	op := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{
			name: name, resources: kmsKeyResources, resourcePolicy: kmsKeyPolicy, decide: (*call).decideByKey, conditions: kmsConditions, handle: handle,
		}
	}
	return &service{
		name: "kms", prefix: "kms",
		operations: []operation{
			{name: "CreateKey", handle: createKMSKey},
			{name: "ListKeys", handle: listKMSKeys},
			op("DescribeKey", describeKMSKey),
			op("ListResourceTags", listKMSTags),
			op("EnableKey", setKMSKeyState("Enabled")),
			op("DisableKey", setKMSKeyState("Disabled")),
			op("ScheduleKeyDeletion", scheduleKMSKeyDeletion),
			op("CancelKeyDeletion", cancelKMSKeyDeletion),
			op("GetKeyRotationStatus", getKMSKeyRotation),
			op("EnableKeyRotation", setKMSKeyRotation(true)),
			op("DisableKeyRotation", setKMSKeyRotation(false)),
			op("GetKeyPolicy", getKMSKeyPolicy),
			op("PutKeyPolicy", putKMSKeyPolicy),
		},
	}
}

// kmsKeys are the keys of an account in a region, by id.
type kmsKeys struct{ keys []*kmsKey }

type kmsKey struct {
	id, arn, description, usage, spec string
	state                             string // KeyState
	policy                            string
	service                           string // that AWS manages it for; "": the account does
	created, deletion                 time.Time
	rotates                           bool
	tags                              map[string]string
}

func newKMSKeys() *kmsKeys { return &kmsKeys{} }

func (s *kmsKeys) clone() stater {
	out := newKMSKeys()
	for _, key := range s.keys {
		c := *key
		c.tags = maps.Clone(key.tags)
		out.keys = append(out.keys, &c)
	}
	return out
}

func (c *call) kmsKeys() *kmsKeys {
	return stateOf(c, stateKey{"kms", c.account.id, c.region}, newKMSKeys)
}

// kmsKeyResources is the key that the input names by id or ARN.
func kmsKeyResources(c *call) []string { return []string{c.keyARN(c.in.str("KeyId"))} }

// keyARN is the ARN of a key with an id or ARN.
func (c *call) keyARN(id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return arn("kms", c.region, c.account.id, "key/"+id)
}

// awsKey is the account's key for a service, which AWS makes at its first use
// and manages.
func (c *call) awsKey(service string) *kmsKey {
	all := c.kmsKeys()
	key := firstWhere(all.keys, func(k *kmsKey) bool { return k.service == service })
	if key == nil {
		id := c.sb.newUUID()
		key = &kmsKey{
			id: id, arn: c.keyARN(id), usage: "ENCRYPT_DECRYPT", spec: "SYMMETRIC_DEFAULT", state: "Enabled", created: c.time, rotates: true,
			policy: awsKeyPolicy(c.account.id, service, c.region), service: service, tags: map[string]string{},
		}
		all.keys = append(all.keys, key)
	}
	return key
}

func (c *call) kmsKey() (*kmsKey, error) {
	arn := kmsKeyResources(c)[0]
	key := firstWhere(c.kmsKeys().keys, func(k *kmsKey) bool { return k.arn == arn })
	if key == nil {
		return nil, wire.Errorf("NotFoundException", "Key '%s' does not exist", arn)
	}
	return key, nil
}

// kmsKeyIn is the key that the input names, if it is in one of the states.
func (c *call) kmsKeyIn(states ...string) (*kmsKey, error) {
	key, err := c.kmsKey()
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		if key.state == s {
			return key, nil
		}
	}
	switch key.state {
	case "PendingDeletion":
		return nil, wire.Errorf("KMSInvalidStateException", "%s is pending deletion.", key.arn)
	case "Disabled":
		if c.op.name == "CancelKeyDeletion" {
			return nil, wire.Errorf("KMSInvalidStateException", "%s is not pending deletion.", key.arn)
		}
		return nil, wire.Errorf("DisabledException", "%s is disabled.", key.arn)
	default:
		return nil, wire.Errorf("KMSInvalidStateException", "%s is not pending deletion.", key.arn)
	}
}

func createKMSKey(c *call) (wire.Object, error) {
	key := &kmsKey{
		id: c.sb.newUUID(), description: c.in.str("Description"), usage: orElse(c.in.str("KeyUsage"), "ENCRYPT_DECRYPT"),
		spec: orElse(c.in.str("KeySpec"), "SYMMETRIC_DEFAULT"), state: "Enabled", created: c.time, tags: map[string]string{},
	}
	key.arn, key.policy = c.arn("key/"+key.id), defaultKeyPolicy(c.account.id)
	if c.in.has("Policy") {
		if err := c.checkKMSKeyPolicy(key.arn); err != nil {
			return nil, err
		}
		key.policy = c.in.str("Policy")
	}
	for _, t := range c.in.objects("Tags") {
		key.tags[t.str("TagKey")] = t.str("TagValue")
	}
	s := c.kmsKeys()
	s.keys = append(s.keys, key)
	return wire.Object{"KeyMetadata": key.metadata(c)}, nil
}

func (k *kmsKey) metadata(c *call) wire.Object {
	out := wire.Object{
		"AWSAccountId": c.account.id, "KeyId": k.id, "Arn": k.arn, "CreationDate": k.created, "Enabled": k.state == "Enabled",
		"Description": k.description, "KeyUsage": k.usage, "KeyState": k.state, "Origin": "AWS_KMS", "KeyManager": "CUSTOMER",
		"KeySpec": k.spec, "CustomerMasterKeySpec": k.spec, "MultiRegion": false,
	}
	if k.service != "" {
		out["KeyManager"] = "AWS"
	}
	if k.state == "PendingDeletion" {
		out["DeletionDate"] = k.deletion
	}
	return out
}

func describeKMSKey(c *call) (wire.Object, error) {
	key, err := c.kmsKey()
	if err != nil {
		return nil, err
	}
	return wire.Object{"KeyMetadata": key.metadata(c)}, nil
}

func listKMSKeys(c *call) (wire.Object, error) {
	page, next, err := paginate(c, c.kmsKeys().keys, c.in.str("Marker"), c.in.number("Limit", 100))
	if err != nil {
		return nil, wire.Errorf("InvalidMarkerException", "Could not deserialize marker")
	}
	out := wire.Object{"Truncated": next != "", "Keys": list(page, func(k *kmsKey) any { return wire.Object{"KeyId": k.id, "KeyArn": k.arn} })}
	put(out, "NextMarker", next)
	return out, nil
}

func listKMSTags(c *call) (wire.Object, error) {
	key, err := c.kmsKey()
	if err != nil {
		return nil, err
	}
	tags := make([]any, 0, len(key.tags))
	for _, name := range slices.Sorted(maps.Keys(key.tags)) {
		tags = append(tags, wire.Object{"TagKey": name, "TagValue": key.tags[name]})
	}
	return wire.Object{"Tags": tags, "Truncated": false}, nil
}

func setKMSKeyState(state string) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		key, err := c.kmsKeyIn("Enabled", "Disabled")
		if err == nil {
			key.state = state
		}
		return nil, err
	}
}

func scheduleKMSKeyDeletion(c *call) (wire.Object, error) {
	key, err := c.kmsKeyIn("Enabled", "Disabled")
	if err != nil {
		return nil, err
	}
	days := c.in.number("PendingWindowInDays", 30)
	key.state, key.deletion = "PendingDeletion", c.time.AddDate(0, 0, days)
	return wire.Object{"KeyId": key.arn, "DeletionDate": key.deletion, "KeyState": key.state, "PendingWindowInDays": days}, nil
}

// cancelKMSKeyDeletion leaves the key disabled, as AWS does.
func cancelKMSKeyDeletion(c *call) (wire.Object, error) {
	key, err := c.kmsKeyIn("PendingDeletion")
	if err != nil {
		return nil, err
	}
	key.state, key.deletion = "Disabled", time.Time{}
	return wire.Object{"KeyId": key.arn}, nil
}

func getKMSKeyRotation(c *call) (wire.Object, error) {
	key, err := c.kmsKey()
	if err != nil {
		return nil, err
	}
	if key.spec != "SYMMETRIC_DEFAULT" {
		return nil, wire.Errorf("UnsupportedOperationException", "")
	}
	return wire.Object{"KeyRotationEnabled": key.rotates}, nil
}

func setKMSKeyRotation(on bool) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		key, err := c.kmsKeyIn("Enabled")
		if err != nil {
			return nil, err
		}
		if key.spec != "SYMMETRIC_DEFAULT" {
			return nil, wire.Errorf("UnsupportedOperationException", "")
		}
		key.rotates = on
		return nil, nil
	}
}
