# Starts one program in a box, and is our hand there: perl warden.pl ARCH SECCOMP FOLDER MEMORY bwrap ARGUMENT...
#
# It enters the box's network namespace, but not its process or mount namespace: the program can neither see nor end it. It
# speaks the protocol of Node's child processes on file descriptor 3 (a line of JSON for each message), so it can hand over
# sockets; no bytes of a connection pass through it. Of perl it needs only what every Debian has (perl-base).
#
# Each command is a string: its name, a number that comes back as "re" in the answer, and arguments, all parted by spaces.
# Addresses and contents are in hexadecimal.
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_WRONLY O_CREAT O_EXCL O_NOFOLLOW O_NONBLOCK O_DIRECTORY F_SETFD FD_CLOEXEC F_GETFL F_SETFL S_ISREG);
use Errno qw(EINPROGRESS ENOENT EEXIST);

my ($arch, $seccomp, $folder, $memory, @bwrap) = @ARGV;
my %number = (
  arm64 => { sendmsg => 211, setns => 268, mkdirat => 34, symlinkat => 36, dup3 => 24, prctl => 167, fstatfs => 44, renameat2 => 276 },
  x64   => { sendmsg => 46,  setns => 308, mkdirat => 258, symlinkat => 266, dup3 => 292, prctl => 157, fstatfs => 138, renameat2 => 316 },
);
# the newer system calls have the same number everywhere
my %call = (%{ $number{$arch} or die "no system call numbers for $arch\n" },
  pidfd_send_signal => 424, pidfd_open => 434, close_range => 436, openat2 => 437);
use constant { IPC => 3, AF_INET => 2, AF_INET6 => 10, AF_NETLINK => 16, SOCK_STREAM => 1, TCP => 6, QUICKACK => 12, SIGKILL => 9,
  SOL_SOCKET => 1, SO_REUSEADDR => 2, SO_ERROR => 4, IPPROTO_IPV6 => 41, IPV6_V6ONLY => 26,
  SHARED_LIMIT => 65536, FILES_LIMIT => 50_000, WATCH_SECONDS => 0.05 };
# neither links, nor what is mounted there, nor anything above
use constant RESOLVE => 0x0f;

# whatever our caller has left open is none of ours
syscall $call{close_range}, IPC + 1, 0xffffffff, 0;
open my $ipc, '+<&=', IPC or die "no channel: $!\n";
fcntl $ipc, F_SETFD, FD_CLOEXEC;
$SIG{PIPE} = 'IGNORE';

# messages to the core

sub tell_core { write_all($_[0] . "\n") }

sub write_all {
  my ($bytes) = @_;
  while (length $bytes) {
    my $sent = syswrite $ipc, $bytes;
    give_up() if !defined $sent;
    substr($bytes, 0, $sent) = '';
  }
}

# As Node's process.send(message, socket): the socket travels with the first byte.
sub hand_over {
  my ($message, $socket) = @_;
  my $line = qq({"cmd":"NODE_HANDLE","type":"net.Socket","msg":$message}\n);
  my $part = pack 'P Q', $line, length $line;
  my $control = pack 'Q l l l x4', 20, SOL_SOCKET, 1, fileno $socket;
  my $header = pack 'Q L x4 P Q P Q l x4', 0, 0, $part, 1, $control, length $control, 0;
  my $sent = syscall $call{sendmsg}, IPC, $header, 0;
  give_up() if $sent <= 0;
  write_all(substr $line, $sent);
}

# the program

# whatever bwrap leaves behind comes to us, so we know when all are gone
syscall $call{prctl}, 36, 1, 0, 0, 0;
pipe my $info_read, my $info_write or die "pipe: $!\n";
pipe my $ready_read, my $ready_write or die "pipe: $!\n";
pipe my $gate_read, my $gate_write or die "pipe: $!\n";
open my $filter, '<', $seccomp or die "$seccomp: $!\n";
my $bwrap = fork // die "fork: $!\n";
if ($bwrap == 0) {
  # what the box is to have: 4, bwrap's report; 5, the filter; 6 and 7, which say that it is furnished, and may start
  my @given = map { fileno $_ } $info_write, $filter, $ready_write, $gate_read;
  syscall $call{dup3}, $given[$_], 40 + $_, 0 for 0 .. 3;
  syscall $call{dup3}, 40 + $_, 4 + $_, 0 for 0 .. 3;
  syscall $call{close_range}, IPC, IPC, 0;
  syscall $call{close_range}, 8, 0xffffffff, 0;
  { exec { $bwrap[0] } @bwrap }
  syswrite STDERR, "$bwrap[0]: $!\n";
  exit 127;
}
close $_ for $info_write, $ready_write, $gate_read, $filter, *STDIN, *STDOUT, *STDERR;
my $bwrap_ends = syscall $call{pidfd_open}, $bwrap, 0;
give_up() if $bwrap_ends < 0;

my $info = '';
while ($info !~ /\}/) { sysread $info_read, $info, 4096, length $info or failed('it ended at once') }
my ($child) = $info =~ /"child-pid": (\d+)/ or failed('it did not tell its process');
my $child_fd = syscall $call{pidfd_open}, $child + 0, 0;
failed("pidfd_open: $!") if $child_fd < 0;

# The namespaces: the user namespace first, which gives the right to enter the other and to set it up.
open my $user, '<', "/proc/$child/ns/user" or failed("its user namespace: $!");
open my $net, '<', "/proc/$child/ns/net" or failed("its network namespace: $!");
syscall($call{setns}, fileno $user, 0x10000000) == 0 or failed("entering its user namespace: $!");
syscall($call{setns}, fileno $net, 0x40000000) == 0 or failed("entering its network namespace: $!");

my ($ready, $work, $ended) = (0);
my @disks; # folders in memory
my $netlink;
socket $netlink, AF_NETLINK, SOCK_STREAM + 2, 4 or failed("netlink: $!");

my $apart = 0; # what programs write in several pieces comes so
my (%listeners, %connecting, %sent_file);
my $input = '';
my $watch = 0;
for (;;) {
  my ($in, $out) = ('', '');
  vec($in, IPC, 1) = 1;
  vec($in, $bwrap_ends, 1) = 1 if !defined $ended;
  vec($in, fileno $ready_read, 1) = 1 if !$ready && !defined $ended;
  vec($in, fileno $_->{socket}, 1) = 1 for values %listeners;
  vec($out, $_, 1) = 1 for keys %connecting;
  my $found = select $in, $out, undef, $watch ? WATCH_SECONDS : undef;
  next if $found < 0;
  if (vec($in, IPC, 1)) {
    sysread $ipc, $input, 1 << 20, length $input or give_up();
    while ($input =~ s/^(.*)\n//) { obey($1) }
  }
  if (!$ready && !defined $ended && vec($in, fileno $ready_read, 1)) { furnished() }
  for my $listener (values %listeners) { arrive($listener) if vec($in, fileno $listener->{socket}, 1) }
  for my $number (keys %connecting) { connected($number) if vec($out, $number, 1) }
  if (!defined $ended && vec($in, $bwrap_ends, 1)) {
    waitpid $bwrap, 0;
    $ended = $? >> 8;
    $watch = 0;
    end_box();
    1 while waitpid(-1, 0) > 0;
    tell_core(qq({"event":"exit","status":$ended}));
  }
  weigh() if $watch;
}

# Everything in the box ends with its first process.
sub end_box { syscall $call{pidfd_send_signal}, $child_fd, SIGKILL, 0, 0 if defined $child_fd }

sub give_up {
  end_box();
  kill 'KILL', $bwrap if $bwrap && !defined $ended;
  exit 0;
}

sub failed {
  my ($what) = @_;
  $what =~ s/["\\\n]/ /g;
  tell_core(qq({"event":"failed","what":"$what"}));
  give_up();
}

sub furnished {
  my $line;
  return if !sysread $ready_read, $line, 16; # bwrap ends, and says why
  $ready = 1;
  for my $disk (qw(work tmp dev/shm)) {
    open my $root, '<', "/proc/$child/root/$disk" or failed("its folder: $!");
    push @disks, $root;
  }
  my $fd = open_below(fileno $disks[0], $folder, O_RDONLY | O_DIRECTORY);
  failed("its folder $folder: $!") if $fd < 0;
  $work = $fd;
  tell_core(qq({"event":"ready","pid":$child}));
}

# Memory that belongs to the processes in the box alone, and what they share; the limit is for all together.
sub weigh {
  opendir my $all, "/proc/$child/root/proc" or return;
  my $sum = 0;
  for my $process (grep { /^\d+$/ } readdir $all) {
    open my $status, '<', "/proc/$child/root/proc/$process/status" or next;
    while (<$status>) { $sum += $1 if /^Rss(?:Anon|Shmem):\s*(\d+) kB/ }
  }
  return too_much('memory') if $sum * 1024 > $memory;
  # each file takes memory of the kernel's, whatever is in it
  for my $disk (@disks) {
    my $stat = "\0" x 120;
    syscall($call{fstatfs}, fileno $disk, $stat) == 0 or next;
    my ($all_files, $free_files) = unpack 'x40 Q Q', $stat;
    return too_much('files') if $all_files - $free_files > FILES_LIMIT;
  }
}

sub too_much {
  my ($what) = @_;
  $watch = 0;
  tell_core(qq({"event":"too much","of":"$what"}));
  end_box();
}

# commands

sub obey {
  my ($line) = @_;
  $line =~ /^"(.*)"$/ or return; # Node's own messages
  my ($command, $id, @arguments) = split / /, $1;
  if ($command eq 'scan') { tell_core(qq({"re":$id,"listeners":[) . join(',', scan()) . ']}') }
  elsif ($command eq 'connect') { start_connecting($id, @arguments) }
  elsif ($command eq 'listen') { my $error = start_listening(@arguments); tell_core(qq({"re":$id,"error":"$error"})) }
  elsif ($command eq 'close') { delete $listeners{"$arguments[0] $arguments[1]"}; tell_core(qq({"re":$id})) }
  elsif ($command eq 'get') { tell_core(qq({"re":$id,"content":) . get_file(@arguments) . '}') }
  elsif ($command eq 'put') { my $error = put_file(@arguments); tell_core(qq({"re":$id,"error":"$error"})) }
  elsif ($command eq 'link') { my $error = make_link(@arguments); tell_core(qq({"re":$id,"error":"$error"})) }
  elsif ($command eq 'set') { tell_core(qq({"re":$id,"error":") . set_up(@arguments) . '"}') }
  elsif ($command eq 'address') { tell_core(qq({"re":$id,"error":") . add_address(@arguments) . '"}') }
  elsif ($command eq 'apart') { $apart = 1 }
  elsif ($command eq 'go') { $watch = 1; syswrite $gate_write, "\n" }
  elsif ($command eq 'end') { end_box() }
}

# A setting of the network namespace: its path below /proc/sys/net, and the value, in hexadecimal.
sub set_up {
  my ($path, $value) = map { pack 'H*', $_ } @_;
  open my $file, '>', "/proc/sys/net/$path" or return "$!";
  syswrite $file, $value or return "$!";
  return '';
}

# One more address of this machine: netdevice(7), on an alias of the loopback interface.
my $aliases = 0;
sub add_address {
  my $request = pack 'a16 S n a4 x16', 'lo:' . $aliases++, AF_INET, 0, pack 'H*', $_[0];
  socket my $socket, AF_INET, SOCK_STREAM + 1, 0 or return "$!";
  ioctl $socket, 0x8916, $request or return "$!";
  return '';
}

# All sockets that listen here, but for our own: inet_diag, sock_diag(7).
sub scan {
  my %own = map { $_->{inode} => 1 } values %listeners;
  my @found;
  for my $family (AF_INET, AF_INET6) {
    my $request = pack('LSSLL CCCCL', 72, 20, 0x301, 1, 0, $family, TCP, 0, 0, 1 << 10) . "\0" x 48;
    send $netlink, $request, 0, pack('SSLL', AF_NETLINK, 0, 0, 0) or failed("inet_diag: $!");
    ANSWER: for (;;) {
      defined recv $netlink, my $answer, 65536, 0 or failed("inet_diag: $!");
      while (length $answer >= 16) {
        my ($length, $type) = unpack 'LS', $answer;
        last ANSWER if $type == 3;
        failed('inet_diag is not there') if $type == 2;
        my $port = unpack 'n', substr $answer, 20, 2;
        my $address = unpack 'H*', substr $answer, 24, $family == AF_INET ? 4 : 16;
        my $inode = unpack 'L', substr $answer, 84, 4;
        my $only6 = 0;
        my $attributes = $length > 88 ? substr $answer, 88, $length - 88 : '';
        while (length $attributes >= 4) {
          my ($size, $kind) = unpack 'SS', $attributes;
          $only6 = unpack 'C', substr $attributes, 4, 1 if $kind == 11;
          last if $size < 4 || ($size + 3 & ~3) > length $attributes;
          substr($attributes, 0, $size + 3 & ~3) = '';
        }
        push @found, qq(["$address",$port,$only6]) if !$own{$inode};
        last if ($length + 3 & ~3) > length $answer;
        substr($answer, 0, $length + 3 & ~3) = '';
      }
    }
  }
  return @found;
}

sub socket_address {
  my ($address, $port) = @_;
  my $bytes = pack 'H*', $address;
  return length $bytes == 4 ? pack('S n a4 x8', AF_INET, $port, $bytes) : pack('S n N a16 L', AF_INET6, $port, 0, $bytes, 0);
}

sub address_and_port {
  my ($name) = @_;
  return unpack('S', $name) == AF_INET ? (unpack 'x2 n H8', $name)[1, 0] : (unpack 'x2 n x4 H32', $name)[1, 0];
}

sub make_socket {
  my ($address) = @_;
  socket my $socket, length $address == 8 ? AF_INET : AF_INET6, SOCK_STREAM, TCP or return;
  setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
  fcntl $socket, F_SETFL, O_NONBLOCK;
  return $socket;
}

sub start_listening {
  my ($address, $port, $only6) = @_;
  my $socket = make_socket($address) or return "$!";
  setsockopt $socket, IPPROTO_IPV6, IPV6_V6ONLY, $only6 + 0 if length $address == 32;
  bind $socket, socket_address($address, $port) or return "$!";
  listen $socket, 128 or return "$!";
  my $inode = (stat $socket)[1];
  $listeners{"$address $port"} = { socket => $socket, inode => $inode };
  return '';
}

# What a program writes in two small pieces is not to come as one: its system sends the second once the first is acknowledged,
# which is to take longer than we need to read it (delayed, and Nagle's algorithm: RFC 9293 §3.7.4, §3.8.6.3).
sub acknowledge_late { setsockopt $_[0], TCP, QUICKACK, 0 if $apart }

sub arrive {
  my ($listener) = @_;
  my $from = accept my $socket, $listener->{socket} or return;
  acknowledge_late($socket);
  my ($address, $port) = address_and_port(getsockname $socket);
  my ($from_address, $from_port) = address_and_port($from);
  hand_over(qq({"event":"connection","address":"$address","port":$port,"from":"$from_address","fromPort":$from_port}), $socket);
}

sub start_connecting {
  my ($id, $address, $port, $from, $from_port) = @_;
  my $refuse = sub { tell_core(qq({"re":$id,"error":"$_[0]"})) };
  my $socket = make_socket($address) or return $refuse->("$!");
  if ($from_port) { bind $socket, socket_address($from, $from_port) or return $refuse->("$!") }
  if (!connect $socket, socket_address($address, $port)) {
    return $refuse->("$!") if $! != EINPROGRESS;
  }
  $connecting{ fileno $socket } = { socket => $socket, id => $id };
}

sub connected {
  my ($number) = @_;
  my ($socket, $id) = @{ delete $connecting{$number} }{qw(socket id)};
  my $error = unpack 'l', getsockopt $socket, SOL_SOCKET, SO_ERROR;
  if ($error) { $! = $error; return tell_core(qq({"re":$id,"error":"$!"})) }
  acknowledge_late($socket);
  hand_over(qq({"re":$id}), $socket);
}

# files, in the box's folder and nowhere else

# Returns a file descriptor, or -1.
sub open_below {
  my ($at, $path, $flags, $mode) = @_;
  my $how = pack 'Q Q Q', $flags | 02000000, $mode // 0, RESOLVE;
  return syscall $call{openat2}, $at, "$path", $how, length $how;
}

sub hold {
  my ($fd) = @_;
  return if $fd < 0;
  my $handle;
  return open($handle, '+<&=', $fd) ? $handle : undef;
}

# Returns the content of a small regular file as JSON, null when there is none or it is as it was last time, false when it has gone.
sub get_file {
  my $name = pack 'H*', $_[0];
  my $file = hold(open_below($work, $name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
    or return defined delete $sent_file{$name} ? 'false' : 'null';
  my ($mode, $size) = (stat $file)[2, 7];
  return 'null' if !S_ISREG($mode) || $size > SHARED_LIMIT;
  sysread $file, my $content, SHARED_LIMIT;
  return 'null' if defined $sent_file{$name} && $sent_file{$name} eq $content;
  $sent_file{$name} = $content;
  return '"' . unpack('H*', $content) . '"';
}

# Returns the last part of a name, the folder that it is in, and what holds that open; makes the folders above it.
sub folder_of {
  my @folders = split m{/}, $_[0];
  my $last = pop @folders;
  my $at = $work;
  my @held;
  for my $part (@folders) {
    my $next = open_below($at, $part, O_RDONLY | O_DIRECTORY);
    if ($next < 0 && $! == ENOENT) {
      syscall $call{mkdirat}, $at, $part, 0755;
      $next = open_below($at, $part, O_RDONLY | O_DIRECTORY);
    }
    push @held, hold($next) // return;
    $at = $next;
  }
  return ($last, $at, @held);
}

# Makes a symbolic link, which is never followed here.
sub make_link {
  my ($name, $target) = map { pack 'H*', $_ } @_;
  my ($last, $at, @held) = folder_of($name) or return "$!";
  syscall($call{symlinkat}, $target, $at, $last) == 0 or return "$!";
  return '';
}

# Writes a file in one step; makes the folders above it.
sub put_file {
  my ($name, $content) = map { pack 'H*', $_ } @_;
  my $mode = $_[2] + 0;
  my ($last, $at, @held) = folder_of($name) or return "$!";
  my $temporary = ".carried-$$";
  my $file = hold(open_below($at, $temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, $mode)) or return "$!";
  syswrite $file, $content;
  close $file;
  syscall($call{renameat2}, $at, $temporary, $at, $last, 0) == 0 or return "$!";
  $sent_file{$name} = $content;
  return '';
}
