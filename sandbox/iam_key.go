package sandbox

import (
	"time"

	"riposte.dev/sandbox/wire"
)

func keyOperations() []operation {
	on := userResource
	return []operation{
		{name: "CreateAccessKey", resources: on, handle: createAccessKey},
		{name: "ListAccessKeys", resources: on, handle: listAccessKeys},
		{name: "GetAccessKeyLastUsed", resources: ownerOfKey, handle: getAccessKeyLastUsed},
		{name: "UpdateAccessKey", resources: on, handle: updateAccessKey},
		{name: "DeleteAccessKey", resources: on, handle: deleteAccessKey},
	}
}

// maxKeys is the quota of access keys of a user.
const maxKeys = 2

func createAccessKey(c *call) (wire.Object, error) {
	if c.userName() == "" && c.caller.kind == "Root" {
		return c.createRootKey(), nil
	}
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if len(u.keys) >= maxKeys {
		return nil, wire.Errorf("LimitExceededException", "Cannot exceed quota for AccessKeysPerUser: %d", maxKeys)
	}
	k, secret := c.sb.newAccessKey(c.account.id, u)
	c.subject("AWS::IAM::AccessKey", k.id)
	o := k.describe(u.name)
	o["SecretAccessKey"] = secret
	return wire.Object{"AccessKey": o}, nil
}

// createRootKey is what CreateAccessKey does for root without a user name.
func (c *call) createRootKey() wire.Object {
	k := Keys{AccessKeyID: c.sb.newID("AKIA"), SecretAccessKey: c.sb.newSecret()}
	c.sb.keys[k.AccessKeyID] = &credential{secret: k.SecretAccessKey, account: c.account.id, root: true, active: true, created: c.time}
	c.subject("AWS::IAM::AccessKey", k.AccessKeyID)
	return wire.Object{"AccessKey": wire.Object{
		"UserName": "root", "AccessKeyId": k.AccessKeyID, "Status": "Active",
		"SecretAccessKey": k.SecretAccessKey, "CreateDate": c.time.UTC(),
	}}
}

func (k *accessKey) describe(user string) wire.Object {
	status := "Inactive"
	if k.active {
		status = "Active"
	}
	return wire.Object{"UserName": user, "AccessKeyId": k.id, "Status": status, "CreateDate": k.created}
}

func listAccessKeys(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "AccessKeyMetadata", u.keys, func(k *accessKey) any { return k.describe(u.name) })
}

// keyUse is the last request that a key signed.
type keyUse struct {
	at              time.Time
	service, region string
}

// ownerOfKey is the user whose key the input names.
func ownerOfKey(c *call) []string {
	cred := c.sb.keys[c.in.str("AccessKeyId")]
	if cred == nil || cred.account != c.account.id || cred.user == "" {
		return []string{arn("iam", "", c.account.id, "user/*")}
	}
	return []string{c.identities().users[cred.user].arn}
}

// getAccessKeyLastUsed says whose key it is, and when it signed last. A key of
// root has no user. That of another account, and a temporary one, is nobody's
// business (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html).
func getAccessKeyLastUsed(c *call) (wire.Object, error) {
	id := c.in.str("AccessKeyId")
	cred := c.sb.keys[id]
	switch {
	case cred == nil || cred.session != nil:
		return nil, wire.Errorf("NoSuchEntityException", "The Access Key with id %s cannot be found.", id)
	case cred.account != c.account.id:
		return nil, c.fail(wire.Denied, "User: %s is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key %s", c.caller.arn, id)
	}
	c.subject("AWS::IAM::AccessKey", id)
	used := wire.Object{"ServiceName": "N/A", "Region": "N/A"}
	if u := cred.used; !u.at.IsZero() {
		used = wire.Object{"ServiceName": u.service, "Region": u.region, "LastUsedDate": u.at.UTC().Truncate(time.Second)}
	}
	out := wire.Object{"AccessKeyLastUsed": used}
	put(out, "UserName", cred.user)
	return out, nil
}

// accessKey finds the key that the input names, of the user that it names.
func (c *call) accessKey() (*user, *accessKey, error) {
	u, err := c.user()
	if err != nil {
		return nil, nil, err
	}
	id := c.in.str("AccessKeyId")
	for _, k := range u.keys {
		if k.id == id {
			c.subject("AWS::IAM::AccessKey", id)
			return u, k, nil
		}
	}
	return nil, nil, wire.Errorf("NoSuchEntityException", "The Access Key with id %s cannot be found.", id)
}

func updateAccessKey(c *call) (wire.Object, error) {
	_, k, err := c.accessKey()
	if err != nil {
		return nil, err
	}
	k.active = c.in.str("Status") == "Active"
	c.sb.keys[k.id].active = k.active
	return nil, nil
}

func deleteAccessKey(c *call) (wire.Object, error) {
	u, k, err := c.accessKey()
	if err != nil {
		return nil, err
	}
	u.keys = without(u.keys, k)
	delete(c.sb.keys, k.id)
	return nil, nil
}
