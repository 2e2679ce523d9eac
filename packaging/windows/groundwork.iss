; Inno Setup 6: iscc packaging\windows\groundwork.iss, after the bundle was built on Windows. Not built on Linux.
; Signs with the tool that "iscc /Sgroundwork=…" names, where a certificate exists: define Sign to switch it on.
#define Root "..\.."
#define Version "0.1.0"

[Setup]
AppId={{6C0E3A56-2B0B-4C3A-9E7C-6F1D6B8E7A10}
AppName=Groundwork
AppVersion={#Version}
DefaultDirName={autopf}\Groundwork
DefaultGroupName=Groundwork
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
LicenseFile={#Root}\LICENSE
OutputDir={#Root}\dist\installers
OutputBaseFilename=Groundwork-{#Version}-setup
Compression=lzma2/normal
SolidCompression=yes
UninstallDisplayIcon={app}\groundwork.exe
#ifdef Sign
SignTool=groundwork
#endif

[Files]
Source: "{#Root}\dist\groundwork\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\Groundwork"; Filename: "{app}\groundwork.exe"

[Registry]
Root: HKA; Subkey: "Software\Classes\Directory\shell\Groundwork"; ValueType: string; ValueData: "Open with Groundwork"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Directory\shell\Groundwork\command"; ValueType: string; ValueData: """{app}\groundwork.exe"" ""%1"""

; Projects, models and settings are the user's: nothing outside {app} is removed.
