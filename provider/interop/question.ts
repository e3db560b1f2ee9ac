/**
 * The one question that we ask Windows, in Windows' own PowerShell (5.1 and newer; nothing else is there by default).
 *
 * - The answer is one line of JSON in plain ASCII between two markers: whatever a profile, a policy or a module prints,
 *   in whatever code page, stands outside. Nothing is changed on Windows: it is only read.
 * - A part that fails is left out, so that one locked registry key does not hide the roots.
 * - Purposes that were taken from a root are properties beside the certificate. .NET does not show them, so they are read
 *   from the serialized properties in the registry: repeated (id, reserved, length, bytes), four bytes a number. 9 is what
 *   is left of the purposes, 104 since when the root is distrusted, 122 the purposes taken from it.
 * - Constrained language mode (application control) allows none of the calls; the answer then says so.
 */
import { BEGIN, END } from "../../domain/windows/answer.ts";

const prologue = `$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
  Write-Output '${BEGIN}'
  Write-Output ('{"error":"a policy of this Windows holds PowerShell in ' + $ExecutionContext.SessionState.LanguageMode + '; ask its administrator, or set what you need in the settings of hostSync"}')
  Write-Output '${END}'
  exit 0
}
`;

const epilogue = `$json = ConvertTo-Json -InputObject $answer -Depth 5 -Compress
$json = [regex]::Replace($json, '[^\\x20-\\x7e]', { param($m) '\\u{0:x4}' -f [int][char]$m.Value })
[Console]::Out.Write("${BEGIN}\`n" + $json + "\`n${END}\`n")
`;

const whole = `function Attempt([scriptblock]$part) { try { & $part } catch { $null } }
function Values([string]$path, [string[]]$names) {
  $found = @{}
  $key = Attempt { Get-Item -LiteralPath $path }
  if ($null -ne $key) {
    foreach ($name in $names) {
      $value = $key.GetValue($name, $null)
      if ($null -ne $value) { $found[$name] = $value }
    }
  }
  return $found
}
function ProxyOf([string]$hive) {
  $names = 'ProxyEnable', 'ProxyServer', 'ProxyOverride', 'AutoConfigURL'
  $tail = 'Microsoft\\Windows\\CurrentVersion\\Internet Settings'
  $set = Values "$hive\\Software\\$tail" $names
  $forced = Values "$hive\\Software\\Policies\\$tail" $names
  foreach ($name in @($forced.Keys)) { $set[$name] = $forced[$name] }
  return @{
    enable = [int]($set['ProxyEnable'])
    server = [string]($set['ProxyServer'])
    override = [string]($set['ProxyOverride'])
    pac = [string]($set['AutoConfigURL'])
  }
}
$wanted = @{ 9 = 'purposes'; 104 = 'disallowedSince'; 122 = 'disallowedPurposes' }
function PropertiesOf([string]$thumbprint) {
  $found = @{ purposes = @(); disallowedSince = @(); disallowedPurposes = @() }
  foreach ($store in 'SOFTWARE\\Microsoft\\SystemCertificates\\ROOT', 'SOFTWARE\\Microsoft\\SystemCertificates\\AuthRoot', 'SOFTWARE\\Policies\\Microsoft\\SystemCertificates\\ROOT', 'SOFTWARE\\Microsoft\\EnterpriseCertificates\\Root') {
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$store\\Certificates\\$thumbprint")
    if ($null -eq $key) { continue }
    $blob = [byte[]]$key.GetValue('Blob')
    $key.Close()
    $at = 0
    while ($null -ne $blob -and $at + 12 -le $blob.Length) {
      $id = [BitConverter]::ToInt32($blob, $at)
      $length = [BitConverter]::ToInt32($blob, $at + 8)
      $at += 12
      if ($length -lt 0 -or $at + $length -gt $blob.Length) { break }
      if ($wanted.ContainsKey($id)) { $found[$wanted[$id]] += [Convert]::ToBase64String($blob, $at, $length) }
      $at += $length
    }
  }
  return $found
}
function StoreOf([string]$name) {
  $store = New-Object System.Security.Cryptography.X509Certificates.X509Store($name, 'LocalMachine')
  $store.Open('ReadOnly')
  try { return @($store.Certificates) } finally { $store.Close() }
}
$answer = @{ version = 1 }
$answer.roots = @(foreach ($certificate in @(StoreOf 'Root')) {
  $root = @{ thumbprint = $certificate.Thumbprint; raw = [Convert]::ToBase64String($certificate.RawData) }
  $properties = Attempt { PropertiesOf $certificate.Thumbprint }
  if ($null -ne $properties) {
    foreach ($name in @($properties.Keys)) { if (@($properties[$name]).Count -gt 0) { $root[$name] = @($properties[$name]) } }
  }
  $root
})
$answer.disallowed = @(Attempt { StoreOf 'Disallowed' | ForEach-Object { $_.Thumbprint } })
$answer.build = [int](Attempt { [Environment]::OSVersion.Version.Build })
$answer.timezone = [string](Attempt { [TimeZoneInfo]::Local.Id })
$answer.profile = [string](Attempt { [Environment]::GetFolderPath('UserProfile') })
$connections = Values 'HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections' @('WinHttpSettings')
$forAll = Values 'HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings' @('ProxySettingsPerUser')
$answer.proxy = @{ user = ProxyOf 'HKCU:'; machine = ProxyOf 'HKLM:' }
if ($forAll.ContainsKey('ProxySettingsPerUser')) { $answer.proxy.perUser = [int]$forAll['ProxySettingsPerUser'] }
if ($connections.ContainsKey('WinHttpSettings')) { $answer.proxy.winhttp = [Convert]::ToBase64String([byte[]]$connections['WinHttpSettings']) }
$policy = @{}
$wsl = Attempt { Get-Item -LiteralPath 'HKLM:\\SOFTWARE\\Policies\\WSL' }
if ($null -ne $wsl) { foreach ($name in $wsl.GetValueNames()) { $policy[$name] = [string]$wsl.GetValue($name) } }
$answer.policy = $policy
`;

const clock = `$answer = @{ version = 1; utc = [DateTime]::UtcNow.ToString('o') }
`;

/** Roots, time zone, proxy, profile and policies. */
export const QUESTION = prologue + whole + epilogue;
/** The time alone. */
export const CLOCK_QUESTION = prologue + clock + epilogue;

/** As `-EncodedCommand` wants it: nothing of it is quoted, expanded or cut on the way. */
export const encodeCommand = (script: string): string => Buffer.from(script, "utf16le").toString("base64");
