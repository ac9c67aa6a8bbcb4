package sandbox

import (
	"time"

	"riposte.dev/sandbox/wire"
)

// userCredential is a credential of a user besides keys and passwords: an SSH key or a password for one service such as CodeCommit,
// or a signing certificate. It authenticates nobody here, but holds up the deletion of its user. It never changes.
type userCredential struct {
	kind, id, body, service string
	created                 time.Time
}

// Kinds of credentials.
const (
	sshKey          = "SSH public key"
	signingCert     = "signing certificate"
	servicePassword = "service specific credential"
)

func credentialOperations() []operation {
	on := userResource
	return []operation{
		{name: "UploadSSHPublicKey", resources: on, handle: uploadSSHKey},
		{name: "ListSSHPublicKeys", resources: on, handle: listSSHKeys},
		{name: "UploadSigningCertificate", resources: on, handle: uploadSigningCertificate},
		{name: "ListSigningCertificates", resources: on, handle: listSigningCertificates},
		{name: "CreateServiceSpecificCredential", resources: on, handle: createServiceCredential},
		{name: "ListServiceSpecificCredentials", resources: on, handle: listServiceCredentials},
	}
}

func (u *user) credentials(kind string) []userCredential {
	var out []userCredential
	for _, k := range u.others {
		if k.kind == kind {
			out = append(out, k)
		}
	}
	return out
}

// newCredential gives the user that the input names a credential.
func (c *call) newCredential(kind, prefix, body string) (*user, userCredential, error) {
	u, err := c.user()
	if err != nil {
		return nil, userCredential{}, err
	}
	k := userCredential{kind: kind, id: c.sb.newID(prefix), body: body, service: c.in.str("ServiceName"), created: c.time.UTC()}
	u.others = append(u.others, k)
	return u, k, nil
}

func (k userCredential) describeSSHKey(u *user) wire.Object {
	return wire.Object{"UserName": u.name, "SSHPublicKeyId": k.id, "Status": "Active", "UploadDate": k.created}
}

func uploadSSHKey(c *call) (wire.Object, error) {
	u, k, err := c.newCredential(sshKey, "APKA", c.in.str("SSHPublicKeyBody"))
	if err != nil {
		return nil, err
	}
	o := k.describeSSHKey(u)
	o["SSHPublicKeyBody"], o["Fingerprint"] = k.body, "ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67:89"
	return wire.Object{"SSHPublicKey": o}, nil
}

func listSSHKeys(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "SSHPublicKeys", u.credentials(sshKey), func(k userCredential) any { return k.describeSSHKey(u) })
}

func (k userCredential) describeCertificate(u *user) wire.Object {
	return wire.Object{"UserName": u.name, "CertificateId": k.id, "CertificateBody": k.body, "Status": "Active", "UploadDate": k.created}
}

func uploadSigningCertificate(c *call) (wire.Object, error) {
	u, k, err := c.newCredential(signingCert, "ASCA", c.in.str("CertificateBody"))
	if err != nil {
		return nil, err
	}
	return wire.Object{"Certificate": k.describeCertificate(u)}, nil
}

func listSigningCertificates(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "Certificates", u.credentials(signingCert), func(k userCredential) any { return k.describeCertificate(u) })
}

func (k userCredential) describeService(u *user, account string) wire.Object {
	return wire.Object{
		"UserName": u.name, "ServiceSpecificCredentialId": k.id, "ServiceName": k.service, "ServiceUserName": u.name + "-at-" + account,
		"Status": "Active", "CreateDate": k.created,
	}
}

func createServiceCredential(c *call) (wire.Object, error) {
	u, k, err := c.newCredential(servicePassword, "ACCA", "")
	if err != nil {
		return nil, err
	}
	o := k.describeService(u, c.account.id)
	o["ServicePassword"] = c.sb.newSecret()
	return wire.Object{"ServiceSpecificCredential": o}, nil
}

func listServiceCredentials(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return wire.Object{"ServiceSpecificCredentials": list(u.credentials(servicePassword), func(k userCredential) any {
		return k.describeService(u, c.account.id)
	})}, nil
}
