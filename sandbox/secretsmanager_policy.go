package sandbox

import (
	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// maxSecretPolicy is the longest policy of a secret, in characters.
const maxSecretPolicy = 20480

// secretPolicy is the policy of the secret that the input names, nil without one.
func secretPolicy(c *call) (*policy.Document, string) {
	s, err := c.secret()
	if err != nil || s.policy == "" {
		return nil, c.account.id
	}
	doc, err := policy.Parse([]byte(s.policy))
	if err != nil {
		return nil, c.account.id
	}
	return doc, c.account.id
}

func getSecretPolicy(c *call) (wire.Object, error) {
	s, err := c.secret()
	if err != nil {
		return nil, err
	}
	out := wire.Object{"ARN": s.arn, "Name": s.name}
	put(out, "ResourcePolicy", s.policy)
	return out, nil
}

func putSecretPolicy(c *call) (wire.Object, error) {
	s, err := c.secret()
	if err != nil {
		return nil, err
	}
	text := c.in.str("ResourcePolicy")
	doc, err := policy.Parse([]byte(text))
	switch {
	case err != nil, len(text) > maxSecretPolicy:
		return nil, wire.Errorf("MalformedPolicyDocumentException", "This resource policy contains a syntax error.")
	case c.in.flag("BlockPublicPolicy", false) && isPublic(doc):
		return nil, wire.Errorf("PublicPolicyException", "The resource policy grants broad access to the secret.")
	}
	s.policy = text
	return wire.Object{"ARN": s.arn, "Name": s.name}, nil
}

func deleteSecretPolicy(c *call) (wire.Object, error) {
	s, err := c.secret()
	if err != nil {
		return nil, err
	}
	s.policy = ""
	return wire.Object{"ARN": s.arn, "Name": s.name}, nil
}

// cancelRotateSecret keeps the function and the rules.
func cancelRotateSecret(c *call) (wire.Object, error) {
	s, err := c.secret()
	if err != nil {
		return nil, err
	}
	s.rotates = false
	return wire.Object{"ARN": s.arn, "Name": s.name, "VersionId": s.versions[len(s.versions)-1]}, nil
}
