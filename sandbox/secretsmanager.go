package sandbox

import (
	"maps"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// secretsService answers for secrets. It keeps no secret values, and rotates at
// once without invoking the function
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html.
func secretsService() *service {
	resources := func(c *call) []string {
		if s, err := c.secret(); err == nil {
			return []string{s.arn}
		}
		return []string{c.arn("secret:" + c.in.str("SecretId"))}
	}
	op := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: resources, resourcePolicy: secretPolicy, handle: handle}
	}
	rotate := op("RotateSecret", rotateSecret)
	rotate.also = rotationNeeds
	return &service{
		name: "secretsmanager", prefix: "secretsmanager",
		operations: []operation{
			{name: "CreateSecret", resources: func(c *call) []string { return []string{c.arn("secret:" + c.in.str("Name"))} }, handle: createSecret},
			op("DescribeSecret", describeSecret),
			rotate,
			op("CancelRotateSecret", cancelRotateSecret),
			op("GetResourcePolicy", getSecretPolicy),
			op("PutResourcePolicy", putSecretPolicy),
			op("DeleteResourcePolicy", deleteSecretPolicy),
		},
	}
}

// secrets are those of an account in a region.
type secrets struct{ all []*secret }

type secret struct {
	arn, name, function, policy string
	versions                    []string // ids, the current one last
	created, rotated            time.Time
	rotates                     bool
	days                        int // between rotations; 0: nobody has said
	tags                        map[string]string
}

func newSecrets() *secrets { return &secrets{} }

func (s *secrets) clone() stater {
	out := newSecrets()
	for _, secret := range s.all {
		c := *secret
		c.versions, c.tags = slices.Clone(secret.versions), maps.Clone(secret.tags)
		out.all = append(out.all, &c)
	}
	return out
}

func (c *call) secrets() *secrets {
	return stateOf(c, stateKey{"secretsmanager", c.account.id, c.region}, newSecrets)
}

func (c *call) secret() (*secret, error) {
	id := c.in.str("SecretId")
	s := firstWhere(c.secrets().all, func(s *secret) bool { return s.arn == id || s.name == id })
	if s == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	return s, nil
}

func createSecret(c *call) (wire.Object, error) {
	name := c.in.str("Name")
	if firstWhere(c.secrets().all, func(s *secret) bool { return s.name == name }) != nil {
		return nil, wire.Errorf("ResourceExistsException", "The operation failed because the secret %s already exists.", name)
	}
	version := orElse(c.in.str("ClientRequestToken"), c.sb.newUUID())
	s := &secret{
		arn: c.arn("secret:" + name + "-" + c.sb.newUUID()[:6]), name: name, versions: []string{version}, created: c.time.UTC(), tags: c.inputTags(),
	}
	all := c.secrets()
	all.all = append(all.all, s)
	c.subject("AWS::SecretsManager::Secret", s.arn)
	return wire.Object{"ARN": s.arn, "Name": s.name, "VersionId": version}, nil
}

func describeSecret(c *call) (wire.Object, error) {
	s, err := c.secret()
	if err != nil {
		return nil, err
	}
	stages := wire.Object{}
	for i, v := range s.versions[max(0, len(s.versions)-2):] {
		stages[v] = wire.List{"AWSPREVIOUS"}
		if i == min(1, len(s.versions)-1) {
			stages[v] = wire.List{"AWSCURRENT"}
		}
	}
	out := wire.Object{
		"ARN": s.arn, "Name": s.name, "RotationEnabled": s.rotates, "CreatedDate": s.created, "VersionIdsToStages": stages, "Tags": tagList(s.tags),
	}
	put(out, "RotationLambdaARN", s.function)
	if s.days > 0 {
		out["RotationRules"] = wire.Object{"AutomaticallyAfterDays": int64(s.days)}
	}
	if !s.rotated.IsZero() {
		out["LastRotatedDate"] = s.rotated
	}
	return out, nil
}

// rotationNeeds is that the caller may invoke the function that rotates.
func rotationNeeds(c *call) []need {
	function := c.in.str("RotationLambdaARN")
	if s, err := c.secret(); err == nil && function == "" {
		function = s.function
	}
	if function == "" {
		return nil
	}
	return []need{{"lambda:InvokeFunction", function}}
}

// rotateSecret makes a new version, whose id is the client's token, unless it
// has made it before.
func rotateSecret(c *call) (wire.Object, error) {
	s, err := c.secret()
	if err != nil {
		return nil, err
	}
	s.function = orElse(c.in.str("RotationLambdaARN"), s.function)
	if s.function == "" {
		return nil, wire.Errorf("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
	}
	s.rotates, s.days = true, c.in.object("RotationRules").number("AutomaticallyAfterDays", s.days)
	version := orElse(c.in.str("ClientRequestToken"), c.sb.newUUID())
	if c.in.flag("RotateImmediately", true) && !slices.Contains(s.versions, version) {
		s.versions, s.rotated = append(s.versions, version), c.time.UTC()
	}
	c.subject("AWS::SecretsManager::Secret", s.arn)
	return wire.Object{"ARN": s.arn, "Name": s.name, "VersionId": version}, nil
}
