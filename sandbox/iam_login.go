package sandbox

import (
	"regexp"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// loginProfile is a user's password for the console; the password itself is not kept.
type loginProfile struct {
	created time.Time
	reset   bool
}

// mfaDevice is a virtual device for multi-factor authentication, of a user or of nobody yet.
type mfaDevice struct {
	serial, user string
	enabled      time.Time
}

func loginOperations() []operation {
	on := userResource
	return []operation{
		{name: "CreateLoginProfile", resources: on, handle: createLoginProfile},
		{name: "GetLoginProfile", resources: on, handle: getLoginProfile},
		{name: "DeleteLoginProfile", resources: on, handle: deleteLoginProfile},
		{name: "CreateVirtualMFADevice", resources: newMFAResource, handle: createVirtualMFADevice},
		{name: "EnableMFADevice", resources: on, handle: enableMFADevice},
		{name: "DeactivateMFADevice", resources: on, handle: deactivateMFADevice},
		{name: "ListMFADevices", resources: on, handle: listMFADevices},
	}
}

func (u *user) describeLogin() wire.Object {
	return wire.Object{"LoginProfile": wire.Object{"UserName": u.name, "CreateDate": u.login.created, "PasswordResetRequired": u.login.reset}}
}

func createLoginProfile(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if u.login != nil {
		return nil, wire.Errorf("EntityAlreadyExistsException", "Login Profile for user %s already exists.", u.name)
	}
	shortest := 8 // without a policy of the account
	if p := c.identities().passwords; p != nil {
		shortest = input(p).number("MinimumPasswordLength", shortest)
	}
	if len(c.in.str("Password")) < shortest {
		return nil, wire.Errorf("PasswordPolicyViolationException", "Password should have a minimum length of %d", shortest)
	}
	u.login = &loginProfile{c.time.UTC(), c.in.flag("PasswordResetRequired", false)}
	return u.describeLogin(), nil
}

func (c *call) withLogin() (*user, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if u.login == nil {
		return nil, wire.Errorf("NoSuchEntityException", "Login Profile for User %s cannot be found.", u.name)
	}
	return u, nil
}

func getLoginProfile(c *call) (wire.Object, error) {
	u, err := c.withLogin()
	if err != nil {
		return nil, err
	}
	return u.describeLogin(), nil
}

func deleteLoginProfile(c *call) (wire.Object, error) {
	u, err := c.withLogin()
	if err == nil {
		u.login = nil
	}
	return nil, err
}

func newMFAResource(c *call) []string {
	return []string{c.iamARN("mfa" + c.inputPath() + c.in.str("VirtualMFADeviceName"))}
}

func createVirtualMFADevice(c *call) (wire.Object, error) {
	serial, ids := newMFAResource(c)[0], c.identities()
	if _, there := ids.mfa[serial]; there {
		return nil, wire.Errorf("EntityAlreadyExistsException", "MFADevice entity at the same path and name already exists.")
	}
	ids.mfa[serial] = mfaDevice{serial: serial}
	c.subject("AWS::IAM::MFADevice", serial)
	return wire.Object{"VirtualMFADevice": wire.Object{"SerialNumber": serial}}, nil
}

var mfaCode = regexp.MustCompile(`^[0-9]{6}$`)

// enableMFADevice takes any two codes of six digits that differ.
func enableMFADevice(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	serial, ids := c.in.str("SerialNumber"), c.identities()
	first, second := c.in.str("AuthenticationCode1"), c.in.str("AuthenticationCode2")
	d, there := ids.mfa[serial]
	switch {
	case !there:
		return nil, wire.Errorf("NoSuchEntityException", "VirtualMFADevice with serial number %s does not exist.", serial)
	case d.user != "":
		return nil, wire.Errorf("EntityAlreadyExistsException", "MFA Device is already in use.")
	case !mfaCode.MatchString(first) || !mfaCode.MatchString(second) || first == second:
		return nil, wire.Errorf("InvalidAuthenticationCodeException", "Authentication code for device is not valid.")
	}
	ids.mfa[serial] = mfaDevice{serial, u.name, c.time.UTC()}
	return nil, nil
}

func deactivateMFADevice(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	serial, ids := c.in.str("SerialNumber"), c.identities()
	if d, there := ids.mfa[serial]; !there || d.user != u.name {
		return nil, wire.Errorf("NoSuchEntityException", "MFA Device invalid for user.")
	}
	ids.mfa[serial] = mfaDevice{serial: serial}
	return nil, nil
}

// devicesOf lists a user's devices, by serial number.
func (s *identities) devicesOf(u *user) []mfaDevice {
	return byName(s.mfa, func(d mfaDevice) bool { return d.user == u.name })
}

func listMFADevices(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "MFADevices", c.identities().devicesOf(u), func(d mfaDevice) any {
		return wire.Object{"UserName": d.user, "SerialNumber": d.serial, "EnableDate": d.enabled}
	})
}

func passwordOperations() []operation {
	return []operation{
		{name: "UpdateAccountPasswordPolicy", handle: updatePasswordPolicy},
		{name: "GetAccountPasswordPolicy", handle: getPasswordPolicy},
		{name: "DeleteAccountPasswordPolicy", handle: deletePasswordPolicy},
	}
}

// updatePasswordPolicy replaces the policy as a whole: what the input leaves out becomes the default
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html).
func updatePasswordPolicy(c *call) (wire.Object, error) {
	p := wire.Object{"MinimumPasswordLength": int64(c.in.number("MinimumPasswordLength", 6)), "ExpirePasswords": c.in.has("MaxPasswordAge")}
	for _, name := range []string{
		"RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters", "RequireLowercaseCharacters", "AllowUsersToChangePassword", "HardExpiry",
	} {
		p[name] = c.in.flag(name, false)
	}
	for _, name := range []string{"MaxPasswordAge", "PasswordReusePrevention"} {
		if c.in.has(name) {
			p[name] = c.in[name]
		}
	}
	c.identities().passwords = p
	return nil, nil
}

func (c *call) passwordPolicy() (wire.Object, error) {
	p := c.identities().passwords
	if p == nil {
		return nil, wire.Errorf("NoSuchEntityException", "The Password Policy with domain name %s cannot be found.", c.account.id)
	}
	return p, nil
}

func getPasswordPolicy(c *call) (wire.Object, error) {
	p, err := c.passwordPolicy()
	if err != nil {
		return nil, err
	}
	return wire.Object{"PasswordPolicy": p}, nil
}

func deletePasswordPolicy(c *call) (wire.Object, error) {
	_, err := c.passwordPolicy()
	if err == nil {
		c.identities().passwords = nil
	}
	return nil, err
}

// lastsOf says what of a user must go before the user can.
func (s *identities) lastsOf(u *user) string {
	switch {
	case len(u.keys) > 0:
		return "delete access keys"
	case u.login != nil:
		return "delete login profile"
	case len(s.devicesOf(u)) > 0:
		return "deactivate MFA devices"
	case len(u.others) > 0:
		return "delete " + u.others[0].kind + "s"
	case slices.ContainsFunc(u.groups, func(name string) bool { return s.groups[name] != nil }):
		return "remove user from groups"
	case len(u.inline) > 0:
		return "delete policies"
	case len(u.attached) > 0:
		return "detach all policies"
	}
	return ""
}
