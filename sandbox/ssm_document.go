package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// documentOperations are those on documents and on the settings of an account
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-ssm-sharing.html).
func documentOperations() []operation {
	op := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: documentOfInput, handle: handle}
	}
	setting := func(name string, handle func(*call, *serviceSetting) (wire.Object, error)) operation {
		return operation{
			name:      name,
			resources: func(c *call) []string { return []string{c.settingARN()} },
			handle: func(c *call) (wire.Object, error) {
				s, err := c.serviceSetting()
				if err != nil {
					return nil, err
				}
				return handle(c, s)
			},
		}
	}
	return []operation{
		op("CreateDocument", createDocument),
		op("DescribeDocument", describeDocument),
		op("DeleteDocument", deleteDocument),
		op("DescribeDocumentPermission", describeDocumentPermission),
		op("ModifyDocumentPermission", modifyDocumentPermission),
		{name: "ListTagsForResource", resources: taggedDocument, handle: listDocumentTags},
		setting("GetServiceSetting", getServiceSetting),
		setting("UpdateServiceSetting", updateServiceSetting),
		setting("ResetServiceSetting", resetServiceSetting),
	}
}

// document is one of an account's own. Its content is checked and thrown away.
type document struct {
	name, kind, format, hash string
	created                  time.Time
	shared                   map[string]string // account, or all -> version
	tags                     map[string]string
}

// amazonDocument reports whether a name is one of those that AWS keeps for its
// own documents, which everybody may use.
func amazonDocument(name string) bool {
	return slices.ContainsFunc([]string{"AWS-", "AWSEC2-", "Amazon", "AWSSupport-"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// documentOfInput is the document that the input names by name or ARN.
func documentOfInput(c *call) []string {
	name := c.in.str("Name")
	if isARN(name) {
		return []string{name}
	}
	owner := c.account.id
	if amazonDocument(name) {
		owner = ""
	}
	return []string{arn("ssm", c.region, owner, "document/"+name)}
}

func taggedDocument(c *call) []string { return []string{c.arn("document/" + c.in.str("ResourceId"))} }

func invalidDocument() error {
	return wire.Errorf("InvalidDocument", "Document with name specified in the request does not exist.")
}

func (c *call) document(name string) (*document, error) {
	if region, account, plain, ok := cutARN(name, "ssm", "document/"); ok && region == c.region && account == c.account.id {
		name = plain
	}
	d := firstWhere(c.ssm().documents, func(d *document) bool { return d.name == name })
	if d == nil {
		return nil, invalidDocument()
	}
	return d, nil
}

func createDocument(c *call) (wire.Object, error) {
	name, content := c.in.str("Name"), c.in.str("Content")
	d := &document{
		name: name, kind: orElse(c.in.str("DocumentType"), "Command"), format: orElse(c.in.str("DocumentFormat"), "JSON"),
		created: c.time.UTC(), shared: map[string]string{}, tags: c.inputTags(),
	}
	all := c.ssm()
	switch {
	case amazonDocument(name):
		return nil, c.fail(wire.Invalid, "The document name %s uses a reserved prefix.", name)
	case slices.ContainsFunc(all.documents, func(o *document) bool { return o.name == name }):
		return nil, wire.Errorf("DocumentAlreadyExists", "Document with same name %s already exists", name)
	case d.format == "JSON" && !json.Valid([]byte(content)):
		return nil, wire.Errorf("InvalidDocumentContent", "JSON not well-formed.")
	}
	sum := sha256.Sum256([]byte(content))
	d.hash = hex.EncodeToString(sum[:])
	all.documents = append(all.documents, d)
	return wire.Object{"DocumentDescription": d.describe(c)}, nil
}

func (d *document) describe(c *call) wire.Object {
	return wire.Object{
		"Name": d.name, "Owner": c.account.id, "DocumentType": d.kind, "DocumentFormat": d.format, "Status": "Active", "CreatedDate": d.created,
		"DocumentVersion": "1", "LatestVersion": "1", "DefaultVersion": "1", "SchemaVersion": "2.2", "Hash": d.hash, "HashType": "Sha256",
		"PlatformTypes": wire.List{"Windows", "Linux", "MacOS"}, "Tags": tagList(d.tags),
	}
}

// describeDocument knows AWS's own documents by their names only: what runs on
// instances is called so.
func describeDocument(c *call) (wire.Object, error) {
	name := c.in.str("Name")
	if amazonDocument(name) {
		kind := "Automation"
		if strings.HasPrefix(name, "AWS-Run") || strings.HasPrefix(name, "AWS-Configure") {
			kind = "Command"
		}
		return wire.Object{"Document": wire.Object{"Name": name, "Owner": "Amazon", "DocumentType": kind, "Status": "Active", "DocumentVersion": "1"}}, nil
	}
	d, err := c.document(name)
	if err != nil {
		return nil, err
	}
	return wire.Object{"Document": d.describe(c)}, nil
}

func deleteDocument(c *call) (wire.Object, error) {
	d, err := c.document(c.in.str("Name"))
	switch {
	case err != nil:
		return nil, err
	case len(d.shared) > 0:
		return nil, wire.Errorf("InvalidDocumentOperation", "You can't delete a document that is shared. You must first stop sharing the document before you can delete it.")
	}
	all := c.ssm()
	all.documents = without(all.documents, d)
	return nil, nil
}

func describeDocumentPermission(c *call) (wire.Object, error) {
	d, err := c.document(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(c, slices.Sorted(maps.Keys(d.shared)), c.in.str("NextToken"), c.in.number("MaxResults", 200))
	if err != nil {
		return nil, wire.Errorf("InvalidNextToken", "The specified token isn't valid.")
	}
	out := wire.Object{"AccountIds": strList(page), "AccountSharingInfoList": list(page, func(account string) any {
		return wire.Object{"AccountId": account, "SharedDocumentVersion": d.shared[account]}
	})}
	put(out, "NextToken", next)
	return out, nil
}

// maxSharedWith is how many accounts a document is shared with at most
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-ssm-sharing.html).
const maxSharedWith = 1000

// modifyDocumentPermission refuses to share with everybody where that is blocked; which error AWS gives then isn't documented
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ModifyDocumentPermission.html), so nothing should go by it.
func modifyDocumentPermission(c *call) (wire.Object, error) {
	d, err := c.document(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	shared := maps.Clone(d.shared)
	for _, account := range c.in.strs("AccountIdsToAdd") {
		if lower(account) == "all" && c.ssm().settings[publicSharing].value == "Disable" {
			return nil, c.fail(wire.Invalid, "Public sharing of documents is blocked in this account and region.")
		}
		shared[lower(account)] = orElse(c.in.str("SharedDocumentVersion"), "$DEFAULT")
	}
	for _, account := range c.in.strs("AccountIdsToRemove") {
		delete(shared, lower(account))
	}
	if len(shared) > maxSharedWith {
		return nil, wire.Errorf("DocumentPermissionLimit", "The document can't be shared with more than %d accounts.", maxSharedWith)
	}
	d.shared = shared
	return nil, nil
}

func listDocumentTags(c *call) (wire.Object, error) {
	d, err := c.document(c.in.str("ResourceId"))
	switch {
	case c.in.str("ResourceType") != "Document":
		return nil, wire.Errorf("InvalidResourceType", "The sandbox knows tags of documents only.")
	case err != nil:
		return nil, wire.Errorf("InvalidResourceId", "")
	}
	return wire.Object{"TagList": tagList(d.tags)}, nil
}

// serviceSetting is how Systems Manager works for an account in a region.
type serviceSetting struct {
	value, user string
	changed     time.Time
}

// publicSharing is the setting that lets documents be shared with everybody.
const publicSharing = "/ssm/documents/console/public-sharing-permission"

// serviceSettings are those that the sandbox knows, with what a new account has.
var serviceSettings = map[string]string{publicSharing: "Enable"}

// settingARN is the ARN of the setting that the input names by id or ARN.
func (c *call) settingARN() string {
	id := c.in.str("SettingId")
	if isARN(id) {
		return id
	}
	return c.arn("servicesetting/" + strings.TrimPrefix(id, "/"))
}

// settingID is the id in the setting's ARN.
func (c *call) settingID() string {
	return strings.TrimPrefix(c.settingARN(), c.arn("servicesetting"))
}

func (c *call) serviceSetting() (*serviceSetting, error) {
	id := c.settingID()
	usual, known := serviceSettings[id]
	if !known {
		return nil, wire.Errorf("ServiceSettingNotFound", "Setting %s not found.", id)
	}
	s, changed := c.ssm().settings[id]
	if !changed {
		s = serviceSetting{value: usual, user: "System"}
	}
	return &s, nil
}

func getServiceSetting(c *call, s *serviceSetting) (wire.Object, error) {
	out := wire.Object{"SettingId": c.settingID(), "SettingValue": s.value, "LastModifiedUser": s.user, "ARN": c.settingARN(), "Status": "Default"}
	if !s.changed.IsZero() {
		out["LastModifiedDate"], out["Status"] = s.changed, "Customized"
	}
	return wire.Object{"ServiceSetting": out}, nil
}

func updateServiceSetting(c *call, _ *serviceSetting) (wire.Object, error) {
	value := c.in.str("SettingValue")
	if value != "Enable" && value != "Disable" {
		return nil, c.fail(wire.Invalid, "Setting value %s is not valid.", value)
	}
	c.ssm().settings[c.settingID()] = serviceSetting{value, c.caller.arn, c.time.UTC()}
	return nil, nil
}

func resetServiceSetting(c *call, _ *serviceSetting) (wire.Object, error) {
	delete(c.ssm().settings, c.settingID())
	s, err := c.serviceSetting()
	if err != nil {
		return nil, err
	}
	return getServiceSetting(c, s)
}
