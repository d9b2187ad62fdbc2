import { filesKeepTheContract } from '../../conformance/files-keep-the-contract.ts';
import { mepcoSubject } from './subject.ts';

filesKeepTheContract('mepco', mepcoSubject);
