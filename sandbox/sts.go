package sandbox

import (
	"time"

	"riposte.dev/sandbox/wire"
)

// stsService answers for identities and temporary credentials
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html).
func stsService() *service {
	return &service{
		name: "sts", prefix: "sts",
		operations: []operation{
			// Everybody may ask who they are, even where a policy denies it.
			{name: "GetCallerIdentity", free: true, handle: getCallerIdentity},
			{name: "AssumeRole", free: true, handle: assumeRole, record: recordShape{alwaysAnswers: true}},
			{name: "GetSessionToken", free: true, handle: getSessionToken, record: recordShape{alwaysAnswers: true}},
		},
	}
}

func getCallerIdentity(c *call) (wire.Object, error) {
	return wire.Object{"Account": c.caller.account, "Arn": c.caller.arn, "UserId": c.caller.id}, nil
}

// getSessionToken gives a user or root temporary credentials of their own.
func getSessionToken(c *call) (wire.Object, error) {
	p := c.caller
	if p.session != nil {
		return nil, c.fail(wire.Denied, "Cannot call GetSessionToken with session credentials")
	}
	life, longest := time.Duration(c.in.number("DurationSeconds", 43200))*time.Second, 36*time.Hour
	if p.kind == "Root" {
		longest = time.Hour
	}
	life = min(life, longest)
	user := ""
	if p.kind == "IAMUser" {
		user = p.name
	}
	ses := &session{created: c.time, expires: c.time.Add(life), mfa: c.in.has("SerialNumber") && c.in.has("TokenCode")}
	return wire.Object{"Credentials": credentialsOf(c.sb.newSession(p.account, user, ses), ses)}, nil
}

func credentialsOf(k Keys, ses *session) wire.Object {
	return wire.Object{
		"AccessKeyId": k.AccessKeyID, "SecretAccessKey": k.SecretAccessKey, "SessionToken": k.SessionToken,
		"Expiration": ses.expires.UTC().Truncate(time.Second),
	}
}
